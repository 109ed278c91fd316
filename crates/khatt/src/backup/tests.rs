use super::*;

const DB: &[u8] = b"what a database holds";

fn manifest(files: &[(&str, &[u8])]) -> Manifest {
    let fact = |(name, bytes): &(&str, &[u8])| FileFacts {
        name: (*name).to_owned(),
        bytes: bytes.len() as u64,
        sha256: HEXLOWER.encode(&Sha256::digest(bytes)),
    };
    Manifest {
        khatt_backup: FORMAT,
        khatt: "0".to_owned(),
        time: "2023-11-08T02:13:00Z".to_owned(),
        time_ms: 0,
        store: String::new(),
        store_version: 1,
        commit: 0,
        lines: Vec::new(),
        damage: Vec::new(),
        files: files.iter().map(fact).collect(),
    }
}

/// An archive as somebody else might make it.
fn archive(manifest: &[u8], files: &[(&str, &[u8], tar::EntryType)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let head = [
        ("manifest.json", manifest, tar::EntryType::Regular),
        ("manifest.seal", &[0; 40][..], tar::EntryType::Regular),
    ];
    for (name, bytes, kind) in head.iter().chain(files) {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_entry_type(*kind);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn read(bytes: &[u8]) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    Archive::read(
        bytes,
        |_| Ok(()),
        |facts, _| {
            names.push(facts.name.clone());
            Ok(())
        },
    )?;
    Ok(names)
}

const FILES: [(&str, &[u8]); 3] =
    [("post.db", DB), ("post.key", b"key"), ("post.toml", b"settings")];

fn regular(
    files: &[(&'static str, &'static [u8])],
) -> Vec<(&'static str, &'static [u8], tar::EntryType)> {
    files.iter().map(|(name, bytes)| (*name, *bytes, tar::EntryType::Regular)).collect()
}

fn json(manifest: &Manifest) -> Vec<u8> {
    serde_json::to_vec(manifest).unwrap()
}

#[test]
fn archive_gives_back_what_its_manifest_names() {
    let good = archive(&json(&manifest(&FILES)), &regular(&FILES));
    assert_eq!(read(&good).unwrap(), ["post.db", "post.key", "post.toml"]);
}

#[test]
fn names_that_lead_elsewhere_or_twice_to_one_place_are_refused() {
    for bad in [
        "../post.key",
        "/etc/cron.d/x.key",
        "officers/../../x.key",
        "officers/deep/x.key",
        ".hidden.key",
        "officers/.key",
        "a\\b.key",
        "record.khatt",
        "post.db-wal",
        "heads",
        "manifest.json",
        "post.key",
    ] {
        let files: Vec<_> = FILES.into_iter().chain([(bad, &b"x"[..])]).collect();
        let refused = read(&archive(&json(&manifest(&files)), &regular(&FILES))).unwrap_err();
        assert_eq!(refused.code(), "KK-2103", "{bad}: {refused}");
    }
    let lacking = json(&manifest(&FILES[..2]));
    assert_eq!(read(&archive(&lacking, &regular(&FILES[..2]))).unwrap_err().code(), "KK-2103");
}

#[test]
fn links_other_kinds_other_order_and_more_than_named_are_refused() {
    let named = json(&manifest(&FILES));
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Directory,
        tar::EntryType::GNULongName,
        tar::EntryType::XHeader,
        tar::EntryType::GNUSparse,
    ] {
        let mut files = regular(&FILES);
        files[1].2 = kind;
        assert!(read(&archive(&named, &files)).is_err(), "{kind:?}");
    }
    let mut swapped = regular(&FILES);
    swapped.swap(1, 2);
    assert_eq!(read(&archive(&named, &swapped)).unwrap_err().code(), "KK-2103");
    let mut more = regular(&FILES);
    more.push(("post.key", b"another", tar::EntryType::Regular));
    assert_eq!(read(&archive(&named, &more)).unwrap_err().code(), "KK-2103");
    let mut longer = regular(&FILES);
    longer[0].1 = b"what a database holds, and more";
    assert_eq!(read(&archive(&named, &longer)).unwrap_err().code(), "KK-2105");
    let mut other = regular(&FILES);
    other[0].1 = b"what a database HOLDS";
    assert_eq!(read(&archive(&named, &other)).unwrap_err().code(), "KK-2105");
}

#[test]
fn newer_formats_and_overlong_manifests_are_refused_by_name() {
    let mut newer = manifest(&FILES);
    newer.khatt_backup = 2;
    let refused = read(&archive(&json(&newer), &regular(&FILES))).unwrap_err();
    assert!(matches!(refused, BackupError::LocalNewer(2)), "{refused}");
    let long = vec![b' '; (1 << 20) + 1];
    assert_eq!(read(&archive(&long, &[])).unwrap_err().code(), "KK-2103");
    let cut = archive(&json(&manifest(&FILES)), &regular(&FILES));
    for end in [0, 100, 512, 700, 1536, 3000] {
        assert!(read(&cut[..end]).is_err(), "{end}");
    }
}

/// What a hostile file may try: 20,000 seeded changes, and none may panic, read on or be believed.
#[test]
fn changed_archives_are_refused_or_say_what_they_said() {
    let good = archive(&json(&manifest(&FILES)), &regular(&FILES));
    let mut state = 7_u64;
    let mut below = |end: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    let (mut refused, mut taken) = (0, 0);
    for _ in 0..20_000 {
        let mut bad = good.clone();
        for _ in 0..=below(3) {
            let at = below(bad.len());
            match below(5) {
                0 => bad[at] ^= 1 << below(8),
                1 => bad[at] = u8::try_from(below(256)).unwrap(),
                2 => bad.truncate(at.max(1)),
                3 => {
                    let from = below(bad.len());
                    let piece = bad[from..].iter().take(512).copied().collect::<Vec<_>>();
                    bad.splice(at..at, piece);
                }
                _ => {
                    let end = bad.len().min(at + 512);
                    bad.drain(at..end);
                }
            }
            if bad.is_empty() {
                bad.push(0);
            }
        }
        match read(&bad) {
            Ok(names) => {
                assert_eq!(names, ["post.db", "post.key", "post.toml"]);
                taken += 1;
            }
            Err(error) => {
                assert!(error.code().starts_with("KK-21"), "{error}");
                refused += 1;
            }
        }
    }
    // What is taken was changed in the padding, or in a header's field that says nothing here.
    assert!(refused > 10_000 && taken > 0, "{refused} {taken}");
}
