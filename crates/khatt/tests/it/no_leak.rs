//! A whole exchange under the loudest traces, with panics caught: no word of a message, no key and
//! no passphrase appears in traces, errors or what panics print.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use khatt::{
    control::{
        ask::{Answer, Ask, AskDraft, AskSign, Envelope, prove},
        client::{Driven, take_up},
        desk::Desk,
    },
    draw_up::{Terms, draw_up},
    folder::{LogKey, NewOfficer, NewPost, PostFolder, PostKeys, Settings, system_fill},
    network::{Whereabouts, settings},
    passphrase::Passphrase,
};
use khatt_forms::Language;
use khatt_net::Direct;
use khatt_record::{
    Hash, Kind, OfficerIndex, PostIndex, SignedCharter,
    auth::OfficerSignature,
    charter::{Recovery, Roles},
    entry::Act,
    statement::{KeyId, Role, Statement},
};
use khatt_store::PassphraseCost;

const SECRET: &str = "Mulberry convoy leaves at dusk";
const REASON: &str = "Walnut mast is broken";
const PASS: &str = "tamarisk beside the quiet well";

/// Everything that was printed anywhere.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Heard {
    fn note(&self, text: String) {
        self.0.lock().unwrap().extend_from_slice(text.as_bytes());
    }

    /// Tells whether bytes were printed: as they are, in hexadecimal, or as a list of numbers.
    fn holds(&self, secret: &[u8]) -> bool {
        let heard = self.0.lock().unwrap();
        let heard_text = String::from_utf8_lossy(&heard).to_lowercase();
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let list = |join: &str| secret.iter().map(u8::to_string).collect::<Vec<_>>().join(join);
        heard.windows(secret.len()).any(|window| window == secret)
            || [hex, list(", "), list(",\n")].iter().any(|form| heard_text.contains(form))
    }
}

struct Side {
    folder: PostFolder,
    keys: PostKeys,
    desk: Desk,
    _direct: Direct,
}

impl Side {
    fn ask(&self, heard: &Heard, ask: &Ask, officer: &str) -> Answer {
        let key = self.folder.officer_key(officer, &Passphrase::new(PASS.as_bytes())).unwrap();
        let text = serde_json::to_string(ask).unwrap();
        let proof = Some(prove("nonce", &text, key.signer()));
        let answer = self.desk.answer(
            &Envelope { ask: text, language: "en".to_owned(), reading: None, proof },
            "nonce",
        );
        heard.note(format!("{ask:?} {answer:?} {key:?}"));
        if let Answer::Refused(trouble) = &answer {
            heard.note(format!("{trouble} {}", serde_json::to_string(trouble).unwrap()));
        }
        answer
    }
}

fn make(base: &std::path::Path, party: &str) -> (PostFolder, khatt_record::card::Card) {
    let officer = |name: &str, roles| NewOfficer {
        name: name.to_owned(),
        roles,
        passphrase: Passphrase::new(PASS.as_bytes()),
    };
    let new = NewPost {
        settings: Settings {
            party: party.to_owned(),
            post: format!("{party}-1"),
            languages: vec!["en".to_owned(), "ar".to_owned()],
            officer_language: "en".to_owned(),
            listen: None,
            token: None,
            peers: Default::default(),
        },
        addresses: Vec::new(),
        token: None,
        officers: vec![officer("watch", Roles::WATCH), officer("duty", Roles::RELEASING)],
        recovery: Recovery::none(),
        passphrase: Passphrase::new(PASS.as_bytes()),
        cost: PassphraseCost::DANGEROUS_LEAST,
        ballast_bytes: 0,
    };
    PostFolder::make(&base.join(party), &new, system_fill).unwrap()
}

#[expect(clippy::too_many_arguments, reason = "what is signed, by whom, and where")]
fn sign(
    side: &Side,
    heard: &Heard,
    charter: &SignedCharter,
    draft: &str,
    digest: &str,
    role: Role,
    officer: (&str, u16),
    typed_back: Option<Vec<(String, String)>>,
) -> Answer {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let statement = Statement {
        line: charter.line_id(),
        kind: charter.kind(),
        post: PostIndex(0),
        act: Act::Release,
        draft_id: hex(draft).try_into().unwrap(),
        digest: Hash(hex(digest).try_into().unwrap()),
        role,
        not_after_ms: in_an_hour_ms(),
    };
    let key = side.folder.officer_key(officer.0, &Passphrase::new(PASS.as_bytes())).unwrap();
    let id = KeyId { officer: OfficerIndex(officer.1), key: 0 };
    let signature = OfficerSignature::make(&statement, id, key.signer());
    let ask = Ask::Sign(Box::new(AskSign {
        draft: draft.to_owned(),
        officer: officer.1,
        key: 0,
        role: role as u8,
        not_after_ms: signature.not_after_ms,
        signature: data_encoding::HEXLOWER.encode(&signature.signature),
        typed_back,
    }));
    side.ask(heard, &ask, officer.0)
}

/// A whole second, an hour from now: posts at work go by this machine's clock.
fn in_an_hour_ms() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    (since.as_secs() + 3600) * 1000
}

#[test]
fn nothing_secret_is_printed_in_a_whole_exchange() {
    let heard = Heard::default();
    assert!(!heard.holds(b"north"), "an empty trace holds nothing");
    heard.note("seed 6e6f727468".to_owned());
    assert!(heard.holds(b"north"), "hexadecimal is found");

    let writer = heard.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    let panics = heard.clone();
    std::panic::set_hook(Box::new(move |info| {
        panics.note(info.to_string());
        eprintln!("{info}");
    }));

    let base = tempfile::tempdir().unwrap();
    let (north, north_card) = make(base.path(), "North");
    let (south, south_card) = make(base.path(), "South");
    let terms = Terms::usual(Kind::Rehearsal, vec![Language::En, Language::Ar]);
    let mut draft = draw_up(&[north_card, south_card], &terms, [1; 16], 1_700_000_000_000).unwrap();
    let mut stores = Vec::new();
    for folder in [&north, &south] {
        let wrong = folder.open_store(&Passphrase::new(b"another"), system_fill()).unwrap_err();
        heard.note(format!("{wrong} {wrong:?}"));
        let passphrase = Passphrase::new(PASS.as_bytes());
        heard.note(format!("{passphrase:?}"));
        let store = folder.open_store(&passphrase, system_fill()).unwrap();
        let keys = PostKeys::load(&store).unwrap();
        heard.note(format!("{keys:?} {:?}", keys.root_signer()));
        draft.sign(&keys.root_signer()).unwrap();
        stores.push((store, keys));
    }
    let charter = draft.complete().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _within = runtime.enter();
    let ports: Vec<std::net::SocketAddr> = (0..2)
        .map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
        .collect();
    let mut sides = Vec::new();
    for (index, (folder, (store, keys))) in [north, south].into_iter().zip(stores).enumerate() {
        folder.keep_charter(&charter).unwrap();
        let own = PostIndex(u8::try_from(index).unwrap());
        let place = |post: PostIndex, _: &_| Whereabouts {
            address: Some(ports[post.index()]),
            allow: Vec::new(),
        };
        let net = settings(&charter, own, *keys.tls, ports[index], place);
        heard.note(format!("{net:?}"));
        let (direct, events) = Direct::start(net).unwrap();
        let net = Some((direct.sender(), events));
        let (host, charter, own, reader) = take_up(&folder, store, net).unwrap();
        let host = Driven::running(Arc::new(host), Language::En);
        let desk = Desk::new(Box::new(host), charter, own, reader);
        sides.push(Side { folder, keys, desk, _direct: direct });
    }
    let (north, south) = (&sides[0], &sides[1]);

    let fields = |text: &str| {
        vec![
            ("subject".to_owned(), "subject-other".to_owned()),
            ("text".to_owned(), text.to_owned()),
            ("reason".to_owned(), REASON.to_owned()),
        ]
    };
    let new = |text: &str| {
        Ask::Draft(Box::new(AskDraft {
            officer: "watch".to_owned(),
            form: "free-text".to_owned(),
            inputs: fields(text),
            language: "en".to_owned(),
            precedence: None,
            references: Vec::new(),
            thread: None,
        }))
    };
    // Refused input holds the secret, too.
    let refused = north.ask(&heard, &new(&format!("{SECRET}\u{202e}")), "watch");
    assert!(matches!(refused, Answer::Refused(_)));
    let Answer::ToSign(to_sign) = north.ask(&heard, &new(SECRET), "watch") else {
        panic!("the draft is kept");
    };
    let (draft, digest) = (to_sign.draft.as_str(), to_sign.digest.as_str());
    let by =
        |role, officer, typed| sign(north, &heard, &charter, draft, digest, role, officer, typed);
    assert!(matches!(by(Role::Draft, ("watch", 0), None), Answer::ToSign(_)));
    let wrong = by(Role::Release, ("duty", 1), Some(fields("Walnut")));
    assert!(matches!(wrong, Answer::Refused(_)));
    let released = by(Role::Release, ("duty", 1), Some(fields(SECRET)));
    let Answer::Released { entry } = released else { panic!("it is released") };
    let wait = Ask::Ladder { entry: entry.clone(), level: Some(1), wait_ms: 60_000 };
    let Answer::Ladder(ladder) = north.ask(&heard, &wait, "watch") else { panic!("a ladder") };
    assert!(ladder.reached, "South's receipt came");
    let Answer::Message(shown) = south.ask(&heard, &Ask::Message { entry }, "watch") else {
        panic!("South has it");
    };
    assert!(
        shown.text.as_ref().unwrap().headline.contains(SECRET)
            || shown.text.as_ref().unwrap().rows.iter().any(|row| row.value.contains(SECRET))
    );
    let caught = std::panic::catch_unwind(|| panic!("{shown:?}"));
    assert!(caught.is_err());
    let _ = std::panic::take_hook();

    let printed = heard.0.lock().unwrap().len();
    assert!(printed > 10_000, "the traces are loud: {printed} bytes");
    assert!(heard.holds(b"khatt_"), "traces of Khatt or its hand are among them");
    for text in [SECRET, REASON, PASS] {
        assert!(!heard.holds(text.as_bytes()), "{text}");
    }
    for side in &sides {
        let keys = &side.keys;
        let LogKey::Seed(log) = &keys.log else { panic!("no token here") };
        for seed in [&keys.root, log, &keys.next_log, &keys.cosign, &keys.tls, &keys.prekey] {
            assert!(!heard.holds(&seed[..16]), "a seed was printed");
        }
    }
}
