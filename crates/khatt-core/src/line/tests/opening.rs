//! Disclosure and erasure by officers' acts, between whole posts.

use khatt_record::{
    disclosure::Disclosure,
    entry::Act as EntryAct,
    verify::{Anchor, Answer, BodyCheck, BodyFinding},
};

use super::*;
use crate::line::{ActError, DiscloseError, Enclosed, Opened};

const WORDS: &str = "the secret of the well at Kariat";

struct AnyBody;

impl BodyCheck for AnyBody {
    fn check(&self, _: &khatt_record::SignedCharter, _: EntryAct, body: &[u8]) -> BodyFinding {
        khatt_forms::Body::decode(body).map_or(BodyFinding::Malformed, |_| BodyFinding::Agrees)
    }
}

fn line(rig: &Rig, post: PostIndex) -> &Line {
    rig.lines[post.index()].as_ref().unwrap()
}

fn text(rig: &Rig, by: PostIndex, words: &str) -> NewDraft {
    let reason = format!("none fits {} words", words.len());
    rig.draft(
        by,
        "free-text",
        &[("subject", "subject-other"), ("text", words), ("reason", &reason)],
    )
}

fn spoken(rig: &mut Rig, by: PostIndex) -> EntryId {
    let draft = text(rig, by, WORDS);
    let entry = released(rig.release(by, draft));
    rig.run();
    entry
}

fn consent(rig: &mut Rig, by: PostIndex, of: EntryId) -> Result<EntryId, ActError> {
    let draft = rig.draft(by, "erasure", &[("entry", &of.to_string())]);
    let done = rig.release(by, draft)?;
    rig.run();
    Ok(released(Ok(done)))
}

fn disclose(rig: &mut Rig, by: PostIndex, of: EntryId, officers: &str) -> EntryId {
    let fields = [("entry", of.to_string()), ("officers", officers.to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let draft = rig.draft(by, "disclosure", &fields);
    let entry = released(rig.release(by, draft));
    rig.run();
    entry
}

/// Everything that a store holds, opened.
fn everything(rig: &Rig, post: PostIndex) -> Vec<u8> {
    let (store, id) = (&rig.stores[post.index()], rig.charter.line_id());
    let mut all = Vec::new();
    for log in rig.posts() {
        for entry in store.entries(id, log, 0, usize::MAX).unwrap() {
            all.extend_from_slice(&entry.leaf);
            all.extend(entry.open.iter().flat_map(|open| open.0.clone()));
        }
    }
    for (key, value) in store.state(id, "").unwrap() {
        all.extend_from_slice(key.as_bytes());
        all.extend_from_slice(&value.0);
    }
    all
}

fn holds(all: &[u8], words: &str) -> bool {
    all.windows(words.len()).any(|part| part == words.as_bytes())
}

#[test]
fn nothing_is_disclosed_before_officers_released_exactly_that() {
    let mut rig = Rig::new(2);
    let entry = spoken(&mut rig, NORTH);
    let asked = |rig: &Rig, opened| line(rig, NORTH).disclosure(entry, opened, Enclosed::Nothing);
    let refused = DiscloseError::LocalNotReleased(entry);
    assert_eq!(asked(&rig, Opened::Text), Err(refused.clone()));
    let act = disclose(&mut rig, NORTH, entry, "no");
    assert_eq!(asked(&rig, Opened::TextAndOfficers), Err(refused), "the text and no more");
    let made = asked(&rig, Opened::Text).unwrap();
    assert!(made.officers.is_none());
    // The act stands in North's log, and South has it: it cannot be denied.
    let at_south = line(&rig, SOUTH).message_view(act).unwrap().unwrap();
    assert_eq!(at_south.act, EntryAct::Disclose);
    assert!(at_south.auth.is_some_and(|auth| auth.officers().len() == 2));
}

#[test]
fn disclosure_proves_the_entry_and_its_receipt_to_a_stranger() {
    let mut rig = Rig::new(2);
    let theirs = spoken(&mut rig, SOUTH);
    let ours = spoken(&mut rig, NORTH);
    // Many entries later, after a restart.
    for _ in 0..40 {
        spoken(&mut rig, SOUTH);
    }
    rig.kill(NORTH);
    rig.start(NORTH);
    rig.connect_all();
    rig.run();
    for entry in [theirs, ours] {
        disclose(&mut rig, NORTH, entry, "yes");
        let made = line(&rig, NORTH).disclosure(entry, Opened::TextAndOfficers, Enclosed::Nothing);
        let text = made.unwrap().encode();
        let read = Disclosure::decode(text.as_bytes()).unwrap();
        let anchor = Anchor::Charter(Box::new(rig.charter.clone()));
        let report = read.check(&anchor, &AnyBody).unwrap();
        assert_eq!(report.answer(), Answer::PartiesEstablished);
        assert_eq!(report.received.len(), 1, "the other post's receipt is in it");
        assert!(report.checkpoint.size <= entry.index + 4, "as it was, not as it has become");
        assert!(holds(&read.body, WORDS));
        // To somebody with check words only.
        let made = line(&rig, NORTH).disclosure(entry, Opened::Text, Enclosed::Charter).unwrap();
        let words = Anchor::Words(rig.charter.hash().0.first_chunk().copied().unwrap());
        assert_eq!(made.check(&words, &AnyBody).unwrap().answer(), Answer::PartiesEstablished);
    }
}

#[test]
fn only_a_message_with_a_text_can_be_disclosed_or_erased() {
    let mut rig = Rig::new(2);
    let entry = spoken(&mut rig, NORTH);
    let act = disclose(&mut rig, NORTH, entry, "no");
    let beyond = EntryId { log: SOUTH, index: 9_999 };
    let opening = EntryId { log: NORTH, index: 0 };
    for of in [act, beyond, opening] {
        let refused = Err(ActError::LocalNoSuchMessage(of));
        assert_eq!(consent(&mut rig, NORTH, of), refused);
        let fields = [("entry", &*of.to_string()), ("officers", "no")];
        let draft = rig.draft(NORTH, "disclosure", &fields);
        assert!(matches!(rig.release(NORTH, draft), Err(ActError::LocalNoSuchMessage(_))));
    }
}

#[test]
fn one_sides_consent_destroys_nothing() {
    let mut rig = Rig::new(2);
    let entry = spoken(&mut rig, NORTH);
    for _ in 0..2 {
        consent(&mut rig, NORTH, entry).unwrap();
    }
    for post in [NORTH, SOUTH] {
        assert!(holds(&everything(&rig, post), WORDS), "one side asked, and asked again");
        let view = line(&rig, post).message_view(entry).unwrap().unwrap();
        assert!(view.body.is_some() && view.erased.is_empty());
    }
}

#[test]
fn text_that_both_sides_agree_to_erase_is_nowhere() {
    let mut rig = Rig::new(2);
    let entry = spoken(&mut rig, NORTH);
    // Drafts that repeat it at either post, and one that does not.
    for post in [NORTH, SOUTH] {
        let quote = format!("as you said: {WORDS}.");
        for words in [quote.as_str(), "of other things"] {
            let draft = text(&rig, post, words);
            assert!(matches!(rig.act(post, super::super::Act::Draft(draft)), Ok(Done::Drafted(_))));
        }
        assert_eq!(line(&rig, post).drafts().count(), 2);
    }
    let roots_before = roots(&rig);
    let open = rig.stores[0].entry(rig.charter.line_id(), entry).unwrap().unwrap().open.unwrap();
    let seed = *khatt_record::commit::OpenPart::decode(&open.0).unwrap().seed.as_bytes();
    let opens = |rig: &Rig, post| everything(rig, post).windows(16).any(|part| part == seed);
    assert!(opens(&rig, NORTH) && opens(&rig, SOUTH), "the seed is there to be found");
    let first = consent(&mut rig, SOUTH, entry).unwrap();
    // A restart in between forgets no consent.
    rig.kill(SOUTH);
    rig.start(SOUTH);
    rig.connect_all();
    rig.run();
    let second = consent(&mut rig, NORTH, entry).unwrap();
    for post in [NORTH, SOUTH] {
        assert!(!holds(&everything(&rig, post), WORDS), "nothing repeats it at post {post}");
        assert!(!opens(&rig, post), "nor is its seed at post {post}");
        let view = line(&rig, post).message_view(entry).unwrap().unwrap();
        assert!(view.body.is_none() && view.auth.is_none());
        assert_eq!(view.erased, [second, first], "and it says by whose consent");
        assert_eq!(line(&rig, post).drafts().count(), 1, "what does not repeat it stays");
        let ladder = line(&rig, post).ladder(entry, rig.now).unwrap();
        assert!(ladder.posts().any(|(_, rungs)| rungs.reached(Level::Received).is_some()));
    }
    assert_ne!(roots(&rig), roots_before, "consents are entries");
    assert_eq!(roots(&rig).len(), 1, "and both hold the same logs");
    // What was erased can be neither disclosed nor erased again, after a restart too.
    rig.kill(NORTH);
    rig.start(NORTH);
    rig.connect_all();
    rig.run();
    let again = consent(&mut rig, NORTH, entry);
    assert_eq!(again, Err(ActError::LocalNoSuchMessage(entry)));
    assert!(!holds(&everything(&rig, NORTH), WORDS));
}

#[test]
fn words_of_an_erased_acknowledgement_leave_the_ladder() {
    let mut rig = Rig::new(2);
    let entry = spoken(&mut rig, NORTH);
    let fields = [
        ("role", "role-watch"),
        ("time", "2023-11-08T00:03Z"),
        ("level", "A4"),
        ("authority", WORDS),
    ];
    let mut draft = rig.draft(SOUTH, "acknowledge", &fields);
    let relation = khatt_forms::Relation::Acknowledges;
    draft.references =
        vec![khatt_forms::Reference { relation, log: entry.log.0, index: entry.index }];
    let acknowledgement = released(rig.release(SOUTH, draft));
    rig.run();
    let other = spoken(&mut rig, NORTH);
    for post in [NORTH, SOUTH] {
        consent(&mut rig, post, acknowledgement).unwrap();
    }
    for post in [NORTH, SOUTH] {
        let ladder = line(&rig, post).ladder(entry, rig.now).unwrap();
        let rungs = ladder.post(SOUTH).unwrap();
        assert!(rungs.reached(Level::Authority).is_some(), "the step stays");
        let state = rig.stores[post.index()].state(rig.charter.line_id(), "").unwrap();
        assert!(state.iter().all(|(_, value)| !holds(&value.0, WORDS)), "its words do not");
        assert!(line(&rig, post).message_view(other).unwrap().unwrap().body.is_some());
    }
}

#[test]
fn three_parties_must_all_consent_and_a_late_post_follows() {
    let mut rig = Rig::new(3);
    let east = PostIndex(2);
    let entry = spoken(&mut rig, NORTH);
    for post in [NORTH, SOUTH] {
        consent(&mut rig, post, entry).unwrap();
    }
    assert!(holds(&everything(&rig, SOUTH), WORDS), "two of three");
    rig.cut(NORTH, east);
    rig.cut(SOUTH, east);
    consent(&mut rig, east, entry).unwrap();
    assert!(!holds(&everything(&rig, east), WORDS));
    assert!(holds(&everything(&rig, NORTH), WORDS), "nobody else knows yet");
    rig.heal(NORTH, east);
    rig.heal(SOUTH, east);
    rig.run();
    for post in rig.posts() {
        assert!(!holds(&everything(&rig, post), WORDS), "post {post}");
    }
}

#[test]
fn proofs_stand_on_kept_nodes() {
    let mut rig = Rig::new(2);
    let first = spoken(&mut rig, NORTH);
    for _ in 0..600 {
        let draft = text(&rig, NORTH, "more");
        released(rig.release(NORTH, draft));
    }
    rig.run();
    let nodes = |post: PostIndex| {
        let found = rig.stores[post.index()].state(rig.charter.line_id(), "done/tree/0/08/");
        found.unwrap().into_iter().map(|(_, node)| node.0.clone()).collect::<Vec<_>>()
    };
    assert!(nodes(NORTH).len() >= 2, "one for every 256 entries");
    assert_eq!(nodes(NORTH), nodes(SOUTH), "of every log that a post holds");
    let size = line(&rig, NORTH).log_views()[0].size;
    let root = line(&rig, NORTH).log_views()[0].root;
    let path = line(&rig, NORTH).inclusion(NORTH, first.index, size).unwrap();
    let leaf = rig.stores[0].entry(rig.charter.line_id(), first).unwrap().unwrap().leaf_hash;
    assert_eq!(
        khatt_record::merkle::verify_inclusion(leaf, first.index, size, &path, root),
        Ok(())
    );
}
