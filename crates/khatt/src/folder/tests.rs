use super::*;

fn new_post(party: &str) -> NewPost {
    let officer = |name: &str, roles| NewOfficer {
        name: name.to_owned(),
        roles,
        passphrase: Passphrase::new(name.as_bytes()),
    };
    NewPost {
        settings: Settings {
            party: party.to_owned(),
            post: format!("{party}-1"),
            languages: vec!["en".to_owned(), "ar".to_owned()],
            officer_language: "en".to_owned(),
            listen: Some("127.0.0.1:7001".parse().unwrap()),
            token: None,
            peers: BTreeMap::new(),
        },
        addresses: vec!["127.0.0.1:7001".to_owned()],
        token: None,
        officers: vec![officer("watch", Roles::WATCH), officer("release", Roles::RELEASING)],
        recovery: Recovery::none(),
        passphrase: Passphrase::new(b"north-pass"),
        cost: PassphraseCost::DANGEROUS_LEAST,
        ballast_bytes: 0,
    }
}

#[test]
fn post_is_made_whole_and_opens_again() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("north");
    let new = new_post("North");
    let (folder, card) = PostFolder::make(&dir, &new, system_fill).unwrap();
    assert_eq!(folder.card().unwrap(), card);
    assert_eq!(folder.settings().unwrap(), new.settings);
    assert_eq!(PostFolder::existing(&dir).unwrap(), folder);
    let store = folder.open_store(&new.passphrase, system_fill()).unwrap();
    let keys = PostKeys::load(&store).unwrap();
    assert_eq!(keys.root_signer().public(), card.party.root_key);
    assert_eq!(keys.post("North-1", &new.addresses), card.posts[0]);
    // The lock is held: nobody else opens the folder, and nobody makes another post in it.
    let second = folder.open_store(&new.passphrase, system_fill()).unwrap_err();
    assert_eq!(second.code(), "KS-1203");
    assert_eq!(PostFolder::make(&dir, &new, system_fill).unwrap_err().code(), "KK-1302");
    let key = folder.officer_key("watch", &Passphrase::new(b"watch")).unwrap();
    assert_eq!(key.signer().public(), card.officers[0].keys[0].key);
    assert!(matches!(folder.charter(), Err(FolderError::LocalNoCharter)));
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
}

#[test]
fn unfinished_folder_leaves_nothing_behind() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("north");
    fs::create_dir(base.path().join("north.making")).unwrap();
    fs::write(base.path().join("north.making/post.key"), b"half").unwrap();
    PostFolder::make(&dir, &new_post("North"), system_fill).unwrap();
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
}

#[test]
fn names_and_officers_that_would_confuse_are_refused() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("north");
    let refused = |change: &dyn Fn(&mut NewPost)| {
        let mut new = new_post("North");
        change(&mut new);
        PostFolder::make(&dir, &new, system_fill).unwrap_err().code()
    };
    assert_eq!(refused(&|new| new.officers[1].name = "Watch".to_owned()), "KF-1154");
    assert_eq!(refused(&|new| new.officers[1].name = "../x".to_owned()), "KK-1304");
    assert_eq!(refused(&|new| new.settings.party = "No\u{202e}rth".to_owned()), "KF-1151");
    assert_eq!(refused(&|new| new.settings.party = "N\u{43e}rth".to_owned()), "KF-1152");
    assert_eq!(refused(&|new| drop(new.officers.pop())), "KK-1305");
    assert_eq!(refused(&|new| new.officers[1].roles = Roles::AUDITOR), "KK-1305");
    assert_eq!(refused(&|new| new.settings.languages = vec!["xx".to_owned()]), "KK-1303");
    assert!(!dir.exists());
}

#[test]
fn keys_are_never_printed() {
    let keys = PostKeys::generate(&mut |out| out.fill(0x5a));
    assert_eq!(format!("{keys:?}"), "PostKeys(redacted)");
}
