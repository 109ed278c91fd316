use khatt_forms::{Catalogue, Language, Wordbook, rendering_digest};
use khatt_record::auth::check_auth;
use khatt_record::charter::{
    Charter, Clock, Floor, LineTest, Officer, OfficerKey, Party, Post, Quotas, Recovery, Roles,
    Scheme,
};
use khatt_record::commit::OpenPart;
use khatt_record::entry::{MessageHeader, Seen};
use khatt_record::seal::PrekeySecret;
use khatt_record::statement::KeyId;
use khatt_record::{CharterDraft, Kind, LineId, PartyIndex, PostSigner, SoftwareSigner};
use proptest::prelude::*;

use super::*;

const NORTH: PostIndex = PostIndex(0);
const WATCH: OfficerIndex = OfficerIndex(0);
const RELEASING: OfficerIndex = OfficerIndex(1);
const SECOND_RELEASING: OfficerIndex = OfficerIndex(2);
const LINGUIST: OfficerIndex = OfficerIndex(3);
const SOUTHS: OfficerIndex = OfficerIndex(4);

fn now() -> Now {
    Now { wall_ms: 1_700_000_000_000, mono_ms: 5_000 }
}

fn signer(name: u8) -> SoftwareSigner {
    SoftwareSigner::from_seed([name; 32])
}

fn officer(party: u8, number: u8, roles: Roles) -> Officer {
    Officer {
        party: PartyIndex(party),
        title: format!("officer {number}"),
        roles,
        // Two keys each: one officer stays one officer.
        keys: [number, number + 100]
            .map(|key| OfficerKey { scheme: Scheme::Ed25519, key: signer(key).public() })
            .to_vec(),
    }
}

/// A line on which FLASH may be released in an emergency, ROUTINE by one, and the rest by two.
fn charter() -> SignedCharter {
    let two = ReleaseRule { signatures: 2, emergency_single: YesNo::No };
    let post = |party: u8, name: &str| Post {
        party: PartyIndex(party),
        name: name.to_owned(),
        generation: 0,
        log_key: signer(party + 50).public(),
        cosign_key: signer(party + 60).public(),
        tls_key: signer(party + 70).public(),
        prekey: PrekeySecret::from_seed([party + 80; 32]).public().to_vec(),
        next_log_digest: Hash([party + 90; 32]),
        pq_key: vec![],
        addresses: vec![],
    };
    let party = |number: u8, name: &str| Party {
        name: name.to_owned(),
        root_key: signer(number + 40).public(),
        recovery: Recovery::none(),
        orders: 0,
    };
    let mut draft = CharterDraft::new(Charter {
        version: 1,
        suite: 1,
        kind: Kind::Drill,
        nonce: [7; 16],
        opened_ms: 1_699_000_000_000,
        parties: vec![party(0, "North"), party(1, "South")],
        posts: vec![post(0, "North-1"), post(1, "South-1")],
        officers: vec![
            officer(0, 0, Roles::WATCH),
            officer(0, 1, Roles::RELEASING),
            officer(0, 2, Roles::RELEASING),
            officer(0, 3, Roles::LINGUIST),
            officer(1, 4, Roles::COMMANDER),
            officer(1, 5, Roles::WATCH),
            officer(1, 6, Roles::WATCH),
        ],
        release: [
            ReleaseRule { signatures: 2, emergency_single: YesNo::Yes },
            two,
            ReleaseRule { signatures: 3, emergency_single: YesNo::No },
            ReleaseRule { signatures: 1, emergency_single: YesNo::No },
        ],
        languages: vec!["en".into(), "ar".into()],
        forms: vec![],
        glossary: Hash([1; 32]),
        gazetteer: Hash([2; 32]),
        clocks: [Clock { acknowledge_s: 180, escalate_s: 300, give_up_s: 600 }; 4],
        line_test: LineTest { interval_s: 3600, answer_s: 600 },
        quotas: Quotas {
            entry_bytes: 16_384,
            entries_per_day: 1000,
            bytes_per_day: 1 << 20,
            flash_per_hour: 10,
        },
        mediators: vec![],
        witnesses: vec![],
        floor: Floor::default(),
        first: None::<LineId>,
        previous: None,
    })
    .unwrap();
    for party in [0, 1] {
        draft.sign(&signer(party + 40)).unwrap();
    }
    draft.complete().unwrap()
}

fn form() -> &'static Form {
    Catalogue::builtin().by_name("incident-initial").unwrap()
}

fn body() -> Body {
    let example = form().examples().first().unwrap();
    let book = Wordbook::builtin();
    let filled = Filled::from_input(form(), &example.inputs, example.language, book).unwrap();
    let digest = rendering_digest(form(), &filled, &[Language::En, Language::Ar], book).unwrap();
    Body { form: form().id(), language: example.language, references: vec![], filled, digest }
}

fn new_draft(precedence: Precedence, act: Act) -> NewDraft {
    let seed = Seed::new([9; 16]);
    NewDraft { seed, act, body: body(), precedence, thread: None, drafter: WATCH }
}

fn draft(precedence: Precedence) -> Draft {
    Draft::new(now(), new_draft(precedence, Act::Release)).unwrap()
}

fn signature(draft: &Draft, officer: OfficerIndex, role: Role) -> OfficerSignature {
    let until_ms = now().wall_ms + 60_000;
    let statement = draft.statement(&charter(), NORTH, role, until_ms);
    let key = KeyId { officer, key: 0 };
    OfficerSignature::make(&statement, key, &signer(u8::try_from(officer.0).unwrap()))
}

fn sign(draft: &mut Draft, officer: OfficerIndex, role: Role) -> Result<Readiness, DraftError> {
    let signature = signature(draft, officer, role);
    let typed = draft.body().filled.clone();
    draft.sign(now(), &charter(), NORTH, form(), signature, Some(&typed))
}

/// What the verifier of a stranger will say of this draft, once it is an entry.
fn verify(draft: &Draft) -> Result<YesNo, khatt_record::auth::AuthError> {
    let header_time_ms = now().wall_ms + 1_000;
    let auth = draft.auth(now()).encode(header_time_ms).unwrap();
    let part = OpenPart { seed: draft.seed().clone(), body: draft.body_bytes().to_vec(), auth };
    let (c_body, c_auth) = part.commitments();
    assert_eq!(release_digest(c_body, draft.precedence(), draft.thread()), draft.digest());
    let header = MessageHeader {
        t_ms: header_time_ms,
        seen: Seen::none(2, NORTH),
        act: draft.act(),
        precedence: draft.precedence(),
        thread: draft.thread(),
        c_body,
        c_auth,
    };
    check_auth(&charter(), NORTH, &header, &part).map(|verified| verified.emergency())
}

fn waiting(signatures: u8, releasing: YesNo) -> Result<Readiness, DraftError> {
    Ok(Readiness::Waiting(Needs { signatures, releasing }))
}

#[test]
fn a_draft_leaves_when_its_drafter_and_another_officer_have_signed() {
    let mut draft = draft(Precedence::Immediate);
    assert_eq!(sign(&mut draft, WATCH, Role::Draft), waiting(1, YesNo::Yes));
    assert!(verify(&draft).is_err());
    let ready = sign(&mut draft, RELEASING, Role::Release);
    assert_eq!(ready, Ok(Readiness::Ready(Release::Regular)));
    assert_eq!(verify(&draft), Ok(YesNo::No), "a stranger's verifier agrees");
}

#[test]
fn who_drafted_cannot_release_where_the_rule_asks_for_two() {
    let mut new = new_draft(Precedence::Immediate, Act::Release);
    new.drafter = RELEASING;
    let mut own = Draft::new(now(), new).unwrap();
    let fault = sign(&mut own, RELEASING, Role::Release);
    assert_eq!(fault, Err(DraftError::LocalOwnDraft(RELEASING)));
    let mut new = new_draft(Precedence::Routine, Act::Release);
    new.drafter = RELEASING;
    let mut own = Draft::new(now(), new).unwrap();
    let ready = sign(&mut own, RELEASING, Role::Release);
    assert_eq!(ready, Ok(Readiness::Ready(Release::Regular)), "a rule of one allows both");
    assert_eq!(verify(&own), Ok(YesNo::No));
}

#[test]
fn a_rule_of_three_waits_for_three_officers() {
    let mut draft = draft(Precedence::Priority);
    assert_eq!(sign(&mut draft, RELEASING, Role::Release), waiting(2, YesNo::No));
    assert_eq!(sign(&mut draft, WATCH, Role::Draft), waiting(1, YesNo::No));
    let ready = sign(&mut draft, SECOND_RELEASING, Role::Release);
    assert_eq!(ready, Ok(Readiness::Ready(Release::Regular)));
    assert_eq!(verify(&draft), Ok(YesNo::No));
}

#[test]
fn one_officer_alone_releases_only_where_the_charter_says_so_and_it_is_marked() {
    let mut flash = draft(Precedence::Flash);
    let ready = sign(&mut flash, WATCH, Role::EmergencyRelease);
    assert_eq!(ready, Ok(Readiness::Ready(Release::EmergencySingle)));
    assert_eq!(verify(&flash), Ok(YesNo::Yes));
    let mut immediate = draft(Precedence::Immediate);
    let fault = sign(&mut immediate, WATCH, Role::EmergencyRelease);
    assert_eq!(fault, Err(DraftError::LocalNoEmergency));
}

#[test]
fn one_officer_signs_once_whatever_key() {
    let mut draft = draft(Precedence::Priority);
    sign(&mut draft, RELEASING, Role::Release).unwrap();
    let until_ms = now().wall_ms + 60_000;
    let statement = draft.statement(&charter(), NORTH, Role::Release, until_ms);
    let key = KeyId { officer: RELEASING, key: 1 };
    let other_key = OfficerSignature::make(&statement, key, &signer(101));
    let typed = draft.body().filled.clone();
    let fault = draft.sign(now(), &charter(), NORTH, form(), other_key, Some(&typed));
    assert_eq!(fault, Err(DraftError::LocalSignedTwice(RELEASING)));
}

#[test]
fn roles_parties_and_keys_are_those_of_the_charter() {
    let mut draft = draft(Precedence::Immediate);
    let mut fault = |officer, role| sign(&mut draft, officer, role).unwrap_err();
    assert_eq!(fault(WATCH, Role::Release), DraftError::LocalOwnDraft(WATCH));
    assert_eq!(fault(LINGUIST, Role::Release), DraftError::LocalRoleNotHeld(LINGUIST));
    assert_eq!(fault(LINGUIST, Role::Draft), DraftError::LocalNotDrafter(LINGUIST));
    assert_eq!(fault(SOUTHS, Role::Release), DraftError::LocalOtherParty(SOUTHS));
    let nobody = OfficerIndex(77);
    assert_eq!(fault(nobody, Role::Release), DraftError::LocalNoSuchOfficer(nobody));
    assert_eq!(fault(RELEASING, Role::Acknowledge), DraftError::LocalRoleNotHeld(RELEASING));
}

#[test]
fn an_edit_is_a_new_draft_and_the_old_signatures_are_void() {
    let mut old = draft(Precedence::Immediate);
    sign(&mut old, WATCH, Role::Draft).unwrap();
    let same_seed = old.edited(now(), new_draft(Precedence::Immediate, Act::Release));
    assert_eq!(same_seed, Err(DraftError::LocalSeedReused));
    let seed = Seed::new([10; 16]);
    let edit = NewDraft { seed, ..new_draft(Precedence::Immediate, Act::Release) };
    let mut edited = old.edited(now(), edit).unwrap();
    assert_eq!(edited.replaces(), Some(old.id()));
    assert_eq!(edited.auth(now()), Auth::default());
    let stale = signature(&old, RELEASING, Role::Release);
    let typed = edited.body().filled.clone();
    let fault = edited.sign(now(), &charter(), NORTH, form(), stale, Some(&typed));
    assert_eq!(fault, Err(DraftError::LocalBadSignature(RELEASING)), "not even with the same text");
}

#[test]
fn the_releaser_types_the_critical_values_back_and_the_machine_compares() {
    let mut draft = draft(Precedence::Immediate);
    let release = signature(&draft, RELEASING, Role::Release);
    let fault = draft.sign(now(), &charter(), NORTH, form(), release, None);
    assert_eq!(fault, Err(DraftError::LocalNotTypedBack));
    let (number, _) = *draft.body().filled.critical(form()).first().unwrap();
    let mut typed = draft.body().filled.clone();
    typed.values.remove(&number);
    let fault = draft.sign(now(), &charter(), NORTH, form(), release, Some(&typed)).unwrap_err();
    let DraftError::LocalTypedBackDiffers(fields) = &fault else { panic!("{fault}") };
    assert_eq!(fields.first().unwrap().field, number);
    assert_eq!(draft.auth(now()), Auth::default(), "nothing was kept");
}

#[test]
fn a_statement_that_has_run_out_neither_counts_nor_blocks_a_new_one() {
    let mut draft = draft(Precedence::Immediate);
    sign(&mut draft, WATCH, Role::Draft).unwrap();
    let later = now().plus_ms(61_000);
    let release = signature(&draft, RELEASING, Role::Release);
    let typed = draft.body().filled.clone();
    let fault = draft.sign(later, &charter(), NORTH, form(), release, Some(&typed));
    assert_eq!(fault, Err(DraftError::LocalExpired(RELEASING)));
    let needs = Needs { signatures: 2, releasing: YesNo::Yes };
    assert_eq!(draft.readiness(later, &charter()), Readiness::Waiting(needs));
    assert_eq!(draft.auth(later), Auth::default());
    let until_ms = later.wall_ms + 60_000;
    let statement = draft.statement(&charter(), NORTH, Role::Draft, until_ms);
    let again = OfficerSignature::make(&statement, KeyId { officer: WATCH, key: 0 }, &signer(0));
    let signed = draft.sign(later, &charter(), NORTH, form(), again, None);
    assert_eq!(signed, waiting(1, YesNo::Yes));
}

#[test]
fn a_returned_draft_cannot_leave_and_keeps_its_reason_from_traces() {
    let mut draft = draft(Precedence::Routine);
    assert_eq!(
        draft.give_back(now(), RELEASING, ""),
        Err(DraftError::LocalReason { max: REASON_MAX })
    );
    draft.give_back(now(), RELEASING, "which bridge?").unwrap();
    assert_eq!(sign(&mut draft, RELEASING, Role::Release), Err(DraftError::LocalReturned));
    assert_eq!(draft.give_back(now(), RELEASING, "again"), Err(DraftError::LocalReturned));
    assert_eq!(draft.returned().unwrap().reason, "which bridge?");
    assert!(!format!("{:?}", draft.returned()).contains("bridge"));
}

#[test]
fn an_acknowledgement_needs_one_officer_of_the_watch() {
    let new = new_draft(Precedence::Flash, Act::Acknowledge);
    let mut draft = Draft::new(now(), new).unwrap();
    let fault = sign(&mut draft, LINGUIST, Role::Acknowledge);
    assert_eq!(fault, Err(DraftError::LocalRoleNotHeld(LINGUIST)));
    let ready = sign(&mut draft, WATCH, Role::Acknowledge);
    assert_eq!(ready, Ok(Readiness::Ready(Release::Regular)));
    assert_eq!(verify(&draft), Ok(YesNo::No));
}

#[test]
fn no_officer_drafts_for_the_post_itself() {
    let fault = Draft::new(now(), new_draft(Precedence::Routine, Act::Service));
    assert_eq!(fault, Err(DraftError::LocalService));
}

#[test]
fn neither_seed_nor_text_nor_values_reach_a_trace() {
    let draft = draft(Precedence::Immediate);
    let trace = format!("{draft:?}");
    assert!(trace.starts_with("Draft { form:"), "{trace}");
    assert!(!trace.contains("values") && !trace.contains("filled"), "{trace}");
    assert!(trace.len() < 200, "{trace}");
}

#[test]
fn a_draft_comes_back_from_its_bytes_with_its_signatures_in_order() {
    let mut draft = draft(Precedence::Priority);
    sign(&mut draft, RELEASING, Role::Release).unwrap();
    sign(&mut draft, WATCH, Role::Draft).unwrap();
    let later = now().plus_ms(700);
    let again = Draft::decode(&draft.encode(later), Now::default()).unwrap();
    assert_eq!(again.waiting_ms(Now::default()), 700);
    assert_eq!(again.auth(now()), draft.auth(now()));
    assert_eq!(again.auth(now()).0.first().unwrap().officer, RELEASING);
    assert_eq!(again.digest(), draft.digest());
    draft.give_back(now(), RELEASING, "which bridge?").unwrap();
    let again = Draft::decode(&draft.encode(now()), Now::default()).unwrap();
    assert_eq!(again.returned(), draft.returned());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_bytes_are_refused_or_are_another_sound_draft(
        place in any::<prop::sample::Index>(),
        value: u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let sound = draft(Precedence::Immediate).encode(now());
        let mut bytes = sound.clone();
        bytes[place.index(sound.len())] = value;
        if let Ok(other) = Draft::decode(&bytes, now()) {
            prop_assert_eq!(other.encode(now()), bytes);
        }
        prop_assert!(Draft::decode(&sound[..cut.index(sound.len())], now()).is_err());
    }
}
