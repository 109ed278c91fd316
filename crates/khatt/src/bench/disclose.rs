//! One entry of a log of years shown to a stranger: how long the proof takes to make and to check,
//! and how large it is beside its text.
//!
//! The store is written as a post would hold it after years, the disclosures are released by two
//! officers through the engine, and each file is made by the engine on its own thread.

use anyhow::{Context as _, bail, ensure};
use khatt_core::{
    line::{Act, Done, Enclosed, NewDraft, Opened, ToSign},
    testing,
};
use khatt_forms::{Catalogue, Filled, Language, Wordbook};
use khatt_record::{
    EntryId, PartyIndex, SignedCharter,
    disclosure::Disclosure,
    statement::Role,
    verify::{Anchor, Answer, NoBodyCheck},
};

use super::{
    Extent, Goal, Plan, Row,
    pair::{NORTH, Post, Reach, charter, open_store, options},
    past,
    statistics::{Times, timed},
};
use crate::clock::Clock as _;

/// Entries in the store.
const ENTRIES: u64 = 1_000_000;
const QUICK_ENTRIES: u64 = 3_000;
/// Making one, and checking one, may take so long, and it may be so large beside its text.
const TIME_MS: f64 = 5.0;
const BYTES: f64 = 2_048.0;

pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let entries = match plan.extent {
        Extent::Full => ENTRIES,
        Extent::Quick => QUICK_ENTRIES,
    };
    let scratch = plan.folder("disclose")?;
    let charter = charter();
    past::write(scratch.path(), &charter, entries)?;
    let store = open_store(scratch.path(), NORTH, &options())?;
    let post = Post::start(&charter, NORTH, store, Reach::Nobody)?;
    let (mut make, mut check) = (Times::default(), Times::default());
    let mut largest = 0_usize;
    let rounds = plan.count(64, 4);
    let anchor = Anchor::Charter(Box::new(charter.clone()));
    for round in 0..rounds {
        // Spread over the whole log; the first entries are the engine's own.
        let index = 100 + (entries * 9 / 10).saturating_sub(100) * round / rounds;
        let Some(id) = message_at(&post, index)? else { continue };
        release(&post, &charter, id)?;
        let (took, made) = timed(|| {
            Ok(post.host.query(move |line, _| {
                line.disclosure(id, Opened::Text, Enclosed::Nothing).map(|made| made.encode())
            })??)
        })?;
        make.push(took);
        let (took, read) = timed(|| {
            let read = Disclosure::decode(made.as_bytes())?;
            let report = read.check(&anchor, &NoBodyCheck)?;
            ensure!(report.answer() == Answer::PartiesEstablished, "it is of this line");
            ensure!(report.received.len() == 1, "it has the other post's receipt");
            Ok(read)
        })?;
        check.push(took);
        // The body takes four signs for three bytes in the file.
        largest = largest.max(made.len().saturating_sub(read.body.len().div_ceil(3) * 4));
    }
    post.host.stop()?;
    let row = Row::new("disclose.make.p99", make.at_us(99) / 1000.0, "ms");
    tell(row.goal(Goal::AtMost(TIME_MS)));
    tell(Row::new("disclose.make.p50", make.at_us(50) / 1000.0, "ms"));
    let row = Row::new("disclose.verify.p99", check.at_us(99) / 1000.0, "ms");
    tell(row.goal(Goal::AtMost(TIME_MS)));
    let row = Row::new("disclose.size-beside-text", largest as f64, "B");
    tell(row.goal(Goal::AtMost(BYTES)));
    Ok(())
}

/// Finds the first message from a place on.
fn message_at(post: &Post, index: u64) -> anyhow::Result<Option<EntryId>> {
    Ok(post.host.query(move |line, _| {
        (index..index + 64)
            .map(|index| EntryId { log: NORTH, index })
            .find(|id| line.message_view(*id).is_ok_and(|view| view.is_some()))
    })?)
}

/// Has two officers release the disclosure of an entry.
fn release(post: &Post, charter: &SignedCharter, id: EntryId) -> anyhow::Result<()> {
    let form = Catalogue::builtin().by_name("disclosure").context("the form ships")?;
    let typed = [("entry", id.to_string()), ("officers", "no".to_owned())];
    let typed = typed.map(|(name, value)| (name.to_owned(), value));
    let filled = Filled::from_input(form, &typed, Language::En, Wordbook::builtin());
    let Ok(filled) = filled else { bail!("the form takes it") };
    let (drafter, releaser) =
        (testing::watch_officer(PartyIndex(0)), testing::releasing_officer(PartyIndex(0)));
    let draft = NewDraft {
        officer: drafter,
        filled: filled.clone(),
        language: Language::En,
        precedence: None,
        references: Vec::new(),
        thread: None,
    };
    let Done::Drafted(to_sign) = post.host.act(Act::Draft(draft))? else {
        bail!("it is drafted");
    };
    let sign = |to_sign: &ToSign, officer, role| {
        testing::sign(charter, NORTH, to_sign, officer, role, post.clock.now())
    };
    let signature = sign(&to_sign, drafter, Role::Draft);
    post.host.act(Act::Sign { draft: to_sign.draft, signature, typed_back: None })?;
    let signature = sign(&to_sign, releaser, Role::Release);
    let typed_back = Some(filled);
    match post.host.act(Act::Sign { draft: to_sign.draft, signature, typed_back })? {
        Done::Released(_) => Ok(()),
        _ => bail!("two officers release it"),
    }
}
