use proptest::prelude::*;

use super::*;
use crate::commit::Seed;
use crate::entry::Seen;
use crate::ids::{Kind, Precedence};
use crate::testing::{charter, line, sign, signer};

const T_MS: u64 = 1_700_000_000_123;
const LATER_MS: u64 = 1_700_000_600_000;

/// Makes a message of North's post, signed by these officers: number, signer's number, role.
fn message(
    charter: &SignedCharter,
    act: Act,
    precedence: Precedence,
    officers: &[(u16, u8, Role)],
) -> (MessageHeader, OpenPart) {
    let mut part = OpenPart { seed: Seed::new([5; 16]), body: b"text".to_vec(), auth: vec![] };
    let (c_body, _) = part.commitments();
    let signatures = officers.iter().map(|(officer, number, role)| {
        let statement = Statement {
            line: charter.line_id(),
            kind: charter.kind(),
            post: PostIndex(0),
            act,
            draft_id: part.seed.draft_id(),
            digest: release_digest(c_body, precedence, None),
            role: *role,
            not_after_ms: LATER_MS,
        };
        let key = KeyId { officer: OfficerIndex(*officer), key: 0 };
        OfficerSignature::make(&statement, key, &signer(*number))
    });
    part.auth = Auth(signatures.collect()).encode(T_MS).unwrap();
    let (c_body, c_auth) = part.commitments();
    let seen = Seen::none(2, PostIndex(0));
    (MessageHeader { t_ms: T_MS, seen, act, precedence, thread: None, c_body, c_auth }, part)
}

fn check(
    act: Act,
    precedence: Precedence,
    officers: &[(u16, u8, Role)],
) -> Result<VerifiedAuth, AuthError> {
    let charter = line();
    let (header, part) = message(&charter, act, precedence, officers);
    check_auth(&charter, PostIndex(0), &header, &part)
}

#[test]
fn noted_signature_is_spared_and_no_other() {
    let charter = line();
    let both = [(0, 41, Role::Draft), (1, 42, Role::Release)];
    let (header, part) = message(&charter, Act::Release, Precedence::Immediate, &both);
    let digest = release_digest(header.c_body, header.precedence, None);
    let post = PostIndex(0);
    let mut checked = Checked::none();
    for one in Auth::decode(&part.auth, T_MS).unwrap().0 {
        let statement = one.statement(&charter, post, header.act, part.seed.draft_id(), digest);
        one.check_noting(&charter, post, &statement, &mut checked).unwrap();
        // The same bytes by nobody: refused, and not noted.
        let bad = OfficerSignature { signature: [7; 64], ..one };
        let fault = Err(AuthError::PeerBadSignature(one.officer));
        assert_eq!(bad.check_noting(&charter, post, &statement, &mut checked), fault);
    }
    assert_eq!(checked.0.len(), 2);
    check_auth_but(&charter, post, &header, &part, &checked).unwrap();
    // What was noted holds for these bytes, this key and this signature alone, and no rule is spared.
    let (other, part) =
        message(&charter, Act::Release, Precedence::Flash, &[(0, 43, Role::Draft), both[1]]);
    let fault = Err(AuthError::PeerBadSignature(OfficerIndex(0)));
    assert_eq!(check_auth_but(&charter, post, &other, &part, &checked), fault);
    let (alone, part) = message(&charter, Act::Release, Precedence::Immediate, &both[1..]);
    let fault = Err(AuthError::PeerTooFew { given: 1, needed: 2 });
    assert_eq!(check_auth_but(&charter, post, &alone, &part, &checked), fault);
}

#[test]
fn two_officers_release_and_one_cannot() {
    let both = [(0, 41, Role::Draft), (1, 42, Role::Release)];
    let verified = check(Act::Release, Precedence::Immediate, &both).unwrap();
    assert_eq!(verified.officers().len(), 2);
    assert_eq!(verified.emergency(), YesNo::No);
    assert_eq!(
        check(Act::Release, Precedence::Immediate, &both[1..]),
        Err(AuthError::PeerTooFew { given: 1, needed: 2 })
    );
    assert_eq!(
        check(Act::Release, Precedence::Immediate, &both[..1]),
        Err(AuthError::PeerNotReleased)
    );
    assert!(check(Act::Release, Precedence::Routine, &both[1..]).is_ok());
}

#[test]
fn one_officer_releases_alone_only_where_the_charter_says_so() {
    let alone = [(0, 41, Role::EmergencyRelease)];
    let verified = check(Act::Release, Precedence::Flash, &alone).unwrap();
    assert_eq!(verified.emergency(), YesNo::Yes);
    assert_eq!(check(Act::Release, Precedence::Priority, &alone), Err(AuthError::PeerNoEmergency));
}

#[test]
fn an_officer_counts_once() {
    let twice = [(1, 42, Role::Draft), (1, 42, Role::Release)];
    assert_eq!(
        check(Act::Release, Precedence::Immediate, &twice),
        Err(AuthError::PeerSignedTwice(OfficerIndex(1)))
    );
}

#[test]
fn roles_and_parties_are_held_to() {
    let cases = [
        ((2, 43, Role::Release), AuthError::PeerOtherRole(OfficerIndex(2))),
        ((0, 41, Role::Release), AuthError::PeerOtherRole(OfficerIndex(0))),
        ((4, 45, Role::Release), AuthError::PeerOtherParty(OfficerIndex(4))),
        ((9, 45, Role::Release), AuthError::PeerNoSuchOfficer(OfficerIndex(9))),
        ((1, 41, Role::Release), AuthError::PeerBadSignature(OfficerIndex(1))),
    ];
    for (officer, error) in cases {
        assert_eq!(check(Act::Release, Precedence::Routine, &[officer]), Err(error));
    }
}

#[test]
fn an_acknowledgement_needs_the_watch_and_a_line_test_nobody() {
    assert!(check(Act::Acknowledge, Precedence::Flash, &[(0, 41, Role::Acknowledge)]).is_ok());
    assert_eq!(
        check(Act::Acknowledge, Precedence::Flash, &[(2, 43, Role::Acknowledge)]),
        Err(AuthError::PeerOtherRole(OfficerIndex(2)))
    );
    assert_eq!(
        check(Act::Acknowledge, Precedence::Flash, &[]),
        Err(AuthError::PeerTooFew { given: 0, needed: 1 })
    );
    assert!(check(Act::Service, Precedence::Routine, &[]).is_ok());
    assert_eq!(
        check(Act::Service, Precedence::Routine, &[(0, 41, Role::Acknowledge)]),
        Err(AuthError::PeerNeedless)
    );
}

#[test]
fn a_signature_holds_on_its_line_kind_post_and_act_only() {
    let real = line();
    let both = [(0, 41, Role::Draft), (1, 42, Role::Release)];
    let (header, part) = message(&real, Act::Release, Precedence::Flash, &both);
    assert!(check_auth(&real, PostIndex(0), &header, &part).is_ok());
    let bad = Err(AuthError::PeerBadSignature(OfficerIndex(0)));
    let drill = sign(charter(Kind::Drill));
    assert_eq!(check_auth(&drill, PostIndex(0), &header, &part), bad);
    assert_eq!(
        check_auth(&real, PostIndex(1), &header, &part),
        Err(AuthError::PeerOtherParty(OfficerIndex(0)))
    );
    let mut other = charter(Kind::Real);
    other.nonce = [8; 16];
    assert_eq!(check_auth(&sign(other), PostIndex(0), &header, &part), bad);
}

#[test]
fn an_entry_later_than_its_statements_is_refused() {
    let charter = line();
    let both = [(0, 41, Role::Draft), (1, 42, Role::Release)];
    let (header, part) = message(&charter, Act::Release, Precedence::Flash, &both);
    let auth = Auth::decode(&part.auth, T_MS).unwrap();
    assert!(auth.encode(LATER_MS).is_ok());
    assert_eq!(auth.encode(LATER_MS + 1), Err(AuthEncodeError::LocalExpired(OfficerIndex(0))));
    // An author that writes a zero for a statement that ran out in the same second is caught.
    let late_ms = LATER_MS + 1;
    let late = Auth(auth.0).encode(LATER_MS).unwrap();
    let mut part = part;
    part.auth = late;
    let (c_body, c_auth) = part.commitments();
    let header = MessageHeader { t_ms: late_ms, c_body, c_auth, ..header };
    assert_eq!(
        check_auth(&charter, PostIndex(0), &header, &part),
        Err(AuthError::PeerExpired(OfficerIndex(0)))
    );
    // And one that moves the time moves what was signed.
    let header = MessageHeader { t_ms: late_ms + 5000, ..header };
    assert!(check_auth(&charter, PostIndex(0), &header, &part).is_err());
}

#[test]
fn a_statement_signs_the_structure_that_cose_prescribes() {
    let statement = Statement {
        line: line().line_id(),
        kind: Kind::Real,
        post: PostIndex(0),
        act: Act::Release,
        draft_id: [1; 16],
        digest: Hash([2; 32]),
        role: Role::Release,
        not_after_ms: LATER_MS,
    };
    let bytes = statement.to_be_signed(KeyId { officer: OfficerIndex(258), key: 3 });
    let mut decoder = minicbor::Decoder::new(&bytes);
    assert_eq!(decoder.array().unwrap(), Some(4));
    assert_eq!(decoder.str().unwrap(), "Signature1");
    let protected = decoder.bytes().unwrap();
    assert_eq!(decoder.bytes().unwrap(), &b"khatt/1 statement"[..]);
    assert_eq!(decoder.bytes().unwrap(), &statement.hash()[..]);
    let mut decoder = minicbor::Decoder::new(protected);
    assert_eq!(decoder.map().unwrap(), Some(2));
    assert_eq!((decoder.u8().unwrap(), decoder.i8().unwrap()), (1, -8));
    assert_eq!((decoder.u8().unwrap(), decoder.bytes().unwrap()), (4, &[1, 2, 3][..]));
}

proptest! {
    #[test]
    fn signatures_round_trip(t_ms in 0_u64..1 << 47, ahead_s in 1_u64..1_000_000, count in 0_usize..8) {
        let one = |officer| OfficerSignature {
            officer: OfficerIndex(officer),
            key: 1,
            role: Role::Draft,
            not_after_ms: (t_ms / 1000 + ahead_s) * 1000,
            scheme: Scheme::Ed25519,
            signature: [officer as u8; 64],
        };
        let auth = Auth((0..count as u16).map(one).collect());
        let bytes = auth.encode(t_ms).unwrap();
        prop_assert_eq!(Auth::decode(&bytes, t_ms), Ok(auth));
    }

    #[test]
    fn bytes_from_anybody_never_panic(bytes in prop::collection::vec(0_u8.., 0..80), t_ms in 0_u64..) {
        let _ = Auth::decode(&bytes, t_ms);
    }
}

#[test]
fn disclosure_and_erasure_need_a_releasing_officer_and_know_no_emergency() {
    let both = [(0, 41, Role::Draft), (1, 42, Role::Release)];
    for act in [Act::Disclose, Act::Erase] {
        assert!(check(act, Precedence::Immediate, &both).is_ok());
        assert!(check(act, Precedence::Routine, &both[1..]).is_ok());
        assert_eq!(check(act, Precedence::Routine, &both[..1]), Err(AuthError::PeerNotReleased));
        assert_eq!(
            check(act, Precedence::Immediate, &both[1..]),
            Err(AuthError::PeerTooFew { given: 1, needed: 2 })
        );
        let alone = [(0, 41, Role::EmergencyRelease)];
        assert_eq!(check(act, Precedence::Flash, &alone), Err(AuthError::PeerNoEmergency));
        // What was signed as a release is no consent to anything else.
        let charter = line();
        let (mut header, part) = message(&charter, Act::Release, Precedence::Immediate, &both);
        header.act = act;
        let found = check_auth(&charter, PostIndex(0), &header, &part);
        assert_eq!(found, Err(AuthError::PeerBadSignature(OfficerIndex(0))));
    }
}
