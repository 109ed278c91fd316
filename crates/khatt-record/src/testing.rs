//! A line between North and South for the tests of this crate.

use std::sync::OnceLock;

use crate::charter::{
    Charter, CharterDraft, Clock, Floor, FormEntry, LineTest, Mediator, Officer, OfficerKey,
    PQ_KEY_LEN, Party, Post, Quotas, Recovery, ReleaseRule, Roles, Scheme, SignedCharter, YesNo,
    hash_bytes,
};
use crate::ids::{Hash, Kind, PartyIndex};
use crate::keys::{PostSigner, SoftwareSigner};

/// Returns the signer that has this number in the tests.
pub(crate) fn signer(number: u8) -> SoftwareSigner {
    SoftwareSigner::from_seed([number; 32])
}

/// Numbers of signers: the root keys are 1 and 2; log keys begin at 11, officers' at 41.
pub(crate) const ROOTS: [u8; 2] = [1, 2];
/// With the number of a party's root key added, its three recovery keys; two of them recover it.
pub(crate) const RECOVERY: [u8; 3] = [80, 84, 88];

fn public(number: u8) -> [u8; 32] {
    signer(number).public()
}

fn officer(party: u8, title: &str, roles: Roles, key: u8) -> Officer {
    let keys = vec![OfficerKey { scheme: Scheme::Ed25519, key: public(key) }];
    Officer { party: PartyIndex(party), title: title.to_owned(), roles, keys }
}

/// Returns a charter between North and South. Officers 0 to 2 are North's: watch, releasing,
/// auditor; 3 to 5 are South's, with keys 41 to 46.
pub(crate) fn charter(kind: Kind) -> Charter {
    let post = |party: u8, name: &str| Post {
        party: PartyIndex(party),
        name: name.to_owned(),
        generation: 0,
        log_key: public(11 + party),
        cosign_key: public(21 + party),
        tls_key: public(31 + party),
        prekey: vec![party; 1216],
        next_log_digest: hash_bytes(&public(51 + party)),
        pq_key: vec![party + 1; PQ_KEY_LEN],
        addresses: vec![format!("{}.example:4800", name.to_lowercase())],
    };
    let party = |name: &str, number: u8| Party {
        name: name.to_owned(),
        root_key: public(number),
        recovery: Recovery { needed: 2, keys: RECOVERY.map(|key| public(key + number)).to_vec() },
        orders: 0,
    };
    let two = ReleaseRule { signatures: 2, emergency_single: YesNo::No };
    let flash = ReleaseRule { signatures: 2, emergency_single: YesNo::Yes };
    let one = ReleaseRule { signatures: 1, emergency_single: YesNo::No };
    Charter {
        version: 1,
        suite: 1,
        kind,
        nonce: [7; 16],
        opened_ms: 1_700_000_000_000,
        parties: vec![party("North", 1), party("South", 2)],
        posts: vec![post(0, "North watch"), post(1, "South watch")],
        officers: vec![
            officer(0, "watch", Roles::WATCH, 41),
            officer(0, "releasing", Roles::RELEASING, 42),
            officer(0, "auditor", Roles::AUDITOR, 43),
            officer(1, "watch", Roles::WATCH, 44),
            officer(1, "releasing", Roles::RELEASING, 45),
            officer(1, "auditor", Roles::AUDITOR, 46),
        ],
        release: [flash, two, two, one],
        languages: vec!["en".to_owned(), "ar".to_owned()],
        forms: vec![FormEntry { number: 1, version: 1, hash: Hash([9; 32]) }],
        glossary: Hash([1; 32]),
        gazetteer: Hash([2; 32]),
        clocks: [Clock { acknowledge_s: 60, escalate_s: 180, give_up_s: 900 }; 4],
        line_test: LineTest { interval_s: 3600, answer_s: 120 },
        quotas: Quotas {
            entry_bytes: 65536,
            entries_per_day: 10_000,
            bytes_per_day: 100_000_000,
            flash_per_hour: 60,
        },
        mediators: vec![Mediator {
            name: "Harbour".to_owned(),
            key: public(61),
            addresses: vec!["harbour.example:4800".to_owned()],
        }],
        witnesses: vec![],
        floor: Floor::default(),
        first: None,
        previous: None,
    }
}

/// Returns a charter signed by both parties.
pub(crate) fn sign(charter: Charter) -> SignedCharter {
    let mut draft = CharterDraft::new(charter).unwrap();
    for root in ROOTS {
        draft.sign(&signer(root)).unwrap();
    }
    draft.complete().unwrap()
}

/// Returns the real line between North and South.
pub(crate) fn line() -> SignedCharter {
    static LINE: OnceLock<SignedCharter> = OnceLock::new();
    LINE.get_or_init(|| sign(charter(Kind::Real))).clone()
}
