//! `vectors/disclosure`: written by this test with `KHATT_WRITE_VECTORS` set, and held to it without.
//! The line is that of `vectors/charter/north-south.txt`.

use super::*;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/disclosure");

struct Case {
    name: &'static str,
    /// The code with which it is refused, if it is.
    code: Option<&'static str>,
    section: &'static str,
    comment: &'static str,
    of: Disclosure,
}

fn cases() -> Vec<Case> {
    let charter = line();
    let plain = disclosure(&charter, 20);
    let case = |name, code, section, comment, of| Case { name, code, section, comment, of };
    let refused = |name, code, section, comment, change: &dyn Fn(&mut Disclosure)| {
        let mut of = plain.clone();
        change(&mut of);
        case(name, Some(code), section, comment, of)
    };
    let enclosed = Disclosure { charter: Some(charter.to_bytes().to_vec()), ..plain.clone() };
    vec![
        case("entry", None, "§2", "a message and the other post's receipt", plain.clone()),
        case("officers", None, "§2", "the officers' signatures too", with_officers(&charter)),
        case("charter-enclosed", None, "§2", "for one who has check words only", enclosed),
        case(
            "orders",
            None,
            "§2",
            "a log of a later generation",
            orders::second_generation(&charter),
        ),
        case("officers-orders", None, "§3", "an officer's later key", orders::later_key(&charter)),
        refused("later-key", "disclosure.other-key", "§3", "no order that names the key", &|of| {
            *of = Disclosure { orders: vec![], ..orders::second_generation(&line()) };
        }),
        refused("missing-order", "disclosure.order", "§3", "no first order", &|of| {
            *of = orders::second_generation(&line());
            of.orders.remove(0);
        }),
        refused("twice-order", "disclosure.extra", "§2", "an order twice", &|of| {
            *of = orders::second_generation(&line());
            of.orders.insert(0, of.orders[0].clone());
        }),
        refused("larger-index", "disclosure.path", "§3", "the next place in the log", &|of| {
            of.entry.index += 1;
        }),
        refused("short-path", "disclosure.path", "§3", "one hash of the path is missing", &|of| {
            of.path.pop();
        }),
        refused("other-kind", "disclosure.other-line", "§3", "as if of a drill", &|of| {
            of.kind = Kind::Drill;
        }),
        refused("other-salt", "disclosure.opened", "§3", "a salt that opens nothing", &|of| {
            of.body_salt = [0; 16];
        }),
        refused("other-key", "disclosure.other-key", "§3", "the log key of South", &|of| {
            of.author = log_key(SOUTH);
        }),
        refused("other-receipt", "disclosure.receipt", "§3", "a place of no receipt", &|of| {
            of.receipts[0].index = 0;
        }),
    ]
}

#[test]
fn disclosure_vectors_hold() {
    let charter = line();
    let mut names: Vec<String> = std::fs::read_dir(FOLDER)
        .map(|folder| folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    for case in cases() {
        let expect = case
            .code
            .map_or("expect: accept".to_owned(), |code| format!("expect: refuse\nerror: {code}"));
        let text = format!(
            "{expect}\nsection: spec/disclosure.md {}\ncomment: {}\nline: charter/north-south.txt\n\n{}",
            case.section,
            case.comment,
            case.of.encode()
        );
        let path = format!("{FOLDER}/{}.txt", case.name);
        if std::env::var_os("KHATT_WRITE_VECTORS").is_some() {
            std::fs::create_dir_all(FOLDER).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{}", case.name);
        let (_, body) = text.split_once("\n\n").unwrap();
        let found = Disclosure::decode(body.as_bytes()).map_err(|error| error.code());
        let found = found.and_then(|read| {
            read.check(&given(&charter), &NoBodyCheck).map_err(|fault| fault.code())
        });
        assert_eq!(found.err(), case.code, "{}", case.name);
        names.retain(|name| *name != format!("{}.txt", case.name));
    }
    if std::env::var_os("KHATT_WRITE_VECTORS").is_none() {
        assert_eq!(names, Vec::<String>::new(), "vectors that no case writes");
    }
}
