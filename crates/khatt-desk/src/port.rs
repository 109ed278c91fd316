//! What the desk reads from its post, and what it gives it to do.
//!
//! One trait, implemented where the post runs, over the same answers that the control socket gives.
//! Values are for a screen: times are milliseconds of Unix time or text, entries and drafts are
//! names. Calls may wait for the engine; the desk makes them on threads that may.

use std::{fmt, time::Duration};

use khatt_forms::{Language, LineKind};

mod deeds;

pub use deeds::{Deed, Done, Happened, JournalRow, NewDraft, News, Noted, Refusal, Touch};

/// A post as its desk sees it.
pub trait Post: Send + Sync + 'static {
    /// Returns what never changes while the post runs.
    fn face(&self) -> Face;

    /// Returns how the line stands now.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the post does not answer; the desk then says that it does not receive.
    fn state(&self, language: Language) -> Result<State, Refusal>;

    /// Returns what somebody here has to do, most pressing first.
    ///
    /// # Errors
    ///
    /// As [`Post::state`].
    fn needs(&self, language: Language) -> Result<Vec<Need>, Refusal>;

    /// Returns rows of traffic, newest first.
    ///
    /// # Errors
    ///
    /// As [`Post::state`].
    fn traffic(&self, ask: &TrafficAsk, language: Language) -> Result<Traffic, Refusal>;

    /// Returns one message in full.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if there is none, or as [`Post::state`].
    fn message(&self, entry: Entry, language: Language) -> Result<Message, Refusal>;

    /// Returns one draft.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if there is none, or as [`Post::state`].
    fn draft(&self, draft: &str, language: Language) -> Result<Draft, Refusal>;

    /// Returns the line's own page.
    ///
    /// # Errors
    ///
    /// As [`Post::state`].
    fn charter(&self, language: Language) -> Result<CharterPage, Refusal>;

    /// Returns what happened since the desk was opened, newest first.
    fn journal(&self, language: Language) -> Vec<JournalRow>;

    /// Checks that somebody is an officer of this post.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the secret does not open the officer's key.
    fn prove(&self, touch: &Touch, language: Language) -> Result<Seat, Refusal>;

    /// Does one deed of an officer, whose key signs it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if the post did not do it; then nothing was done.
    fn act(&self, touch: &Touch, deed: Deed, language: Language) -> Result<Done, Refusal>;

    /// Tells the post that a desk shows its alarms to an officer.
    fn alive(&self);

    /// Writes a row of the desk's own journal.
    fn note(&self, what: Noted, officer: &str);

    /// Waits until something has happened after `after`, or for this long.
    fn news(&self, after: u64, wait: Duration) -> News;
}

/// The name of an entry: its log and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The log, by place in the charter.
    pub log: u8,
    /// The place in the log.
    pub index: u64,
}

impl Act {
    /// Tells whether the watch sees it only if it asks: what the line itself needs, and steps that stand on
    /// their message's own ladder.
    #[must_use]
    pub const fn is_service(self) -> bool {
        matches!(self, Self::Acknowledge | Self::Service)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.log, self.index)
    }
}

/// What never changes while a post runs.
#[derive(Clone, Debug)]
pub struct Face {
    /// What the line is for.
    pub kind: LineKind,
    /// The line's id.
    pub line: String,
    /// This post's name.
    pub post: String,
    /// Its party's name.
    pub party: String,
    /// The other posts' names.
    pub others: Vec<String>,
    /// Officers of this party, by name.
    pub officers: Vec<Seat>,
    /// What this desk reads if its officer's language is none of the line's.
    pub reads: Language,
    /// What the other desk reads.
    pub other_reads: Language,
    /// The line's languages.
    pub languages: Vec<Language>,
    /// Zones of site, us and them, in this order; those that are known.
    pub zones: Vec<String>,
}

/// Returns the language in which a desk shows messages: the officer's, if the line has it.
///
/// Where the post reads a language in which the desk itself does not speak, messages stay in that one.
#[must_use]
pub fn column(reads: Language, of_line: &[Language], officer: Language) -> Language {
    let spoken = matches!(reads, Language::En | Language::Ar | Language::Fa);
    if spoken && of_line.contains(&officer) { officer } else { reads }
}

/// An officer of this post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The name by which the charter knows the officer.
    pub name: String,
    /// The roles, by their codes in the glossary.
    pub roles: Vec<String>,
    /// Whether the officer's key lies at this post.
    pub key_here: bool,
    /// Whether acting takes no secret: an officer of a rehearsal, who exists nowhere else.
    pub rehearsal: bool,
}

/// How a line stands.
#[derive(Clone, Debug)]
pub struct State {
    /// What the post's wall clock says.
    pub wall_ms: u64,
    /// Whether the post signs nothing more.
    pub halted: bool,
    /// Each other post.
    pub peers: Vec<Peer>,
    /// Entries of our own log.
    pub own_size: u64,
    /// Alarms that stand, loudest first.
    pub alarms: Vec<Alarm>,
}

/// One other post.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name.
    pub post: String,
    /// Whether a route to it is up.
    pub connected: bool,
    /// Whether it was proved to have signed two histories.
    pub forked: bool,
    /// How the last line tests went.
    pub tests: Tests,
    /// When the last answer to a test came, by our wall clock.
    pub tested_ms: Option<u64>,
    /// Round trip of that test.
    pub round_trip_ms: Option<u64>,
    /// Entries of its log that are here.
    pub size: u64,
    /// Entries of ours that it is known to hold.
    pub holds: u64,
}

/// How line tests went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tests {
    /// None has ended yet.
    Untested,
    /// The last was answered.
    Ok,
    /// The last was not answered.
    Amber,
    /// The last two or more were not.
    Red,
}

/// One alarm, as the post holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its key.
    pub key: String,
    /// Its code.
    pub code: String,
    /// `Z`, `S`, `O`, `P` or `R`.
    pub class: char,
    /// What it says.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// When it was raised.
    pub raised_ms: u64,
    /// How often its cause has come.
    pub count: u64,
    /// Whether an officer has seen it.
    pub seen: bool,
    /// Whether it was the first of those unseen.
    pub first: bool,
    /// The message it is about.
    pub entry: Option<Entry>,
}

/// What a strip asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// We owe an acknowledgement.
    Acknowledge,
    /// We owe an answer.
    Answer,
    /// A draft waits for a releasing officer.
    Release,
    /// A draft was given back.
    Returned,
    /// The other side owes an acknowledgement.
    TheyAcknowledge,
    /// The other side owes an answer.
    TheyAnswer,
}

/// One strip: something that somebody has to do.
#[derive(Clone, Debug)]
pub struct Need {
    /// What.
    pub verb: Verb,
    /// The message.
    pub entry: Option<Entry>,
    /// The draft.
    pub draft: Option<String>,
    /// 0 flash to 3 routine.
    pub precedence: u8,
    /// The form's title.
    pub title: String,
    /// Who drafted it, for a draft.
    pub by: String,
    /// When the next step falls due, by the post's wall clock; nothing once every step was taken.
    pub due_ms: Option<u64>,
    /// Signatures still wanted, for a draft.
    pub wanted: u8,
}

/// Which rows of traffic are asked for.
#[derive(Clone, Copy, Debug)]
pub struct TrafficAsk {
    /// At most this many.
    pub most: usize,
    /// Skip this many of the newest.
    pub skip: usize,
    /// Line tests and acknowledgements too.
    pub all: bool,
}

/// Rows of traffic.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// The rows, newest first.
    pub rows: Vec<MessageRow>,
    /// Whether there are earlier ones.
    pub earlier: bool,
}

/// A message in one language.
#[derive(Clone, Debug)]
pub struct Text {
    /// The language.
    pub language: Language,
    /// The form's title.
    pub title: String,
    /// The sentence for the eye.
    pub headline: String,
    /// Every value.
    pub fields: Vec<Field>,
    /// Who reviewed the wording.
    pub review: String,
    /// Names and values in no language, where the rendering fails or differs.
    pub raw: Vec<(String, String)>,
    /// Whether this post renders it otherwise than its author did.
    pub differs: bool,
}

/// One labelled value.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Whether it is typed back.
    pub critical: bool,
}

/// One step that one post took.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The post.
    pub post: String,
    /// 0 to 6.
    pub level: u8,
    /// What the step says.
    pub words: String,
    /// When, as its entry claims.
    pub time_ms: u64,
}

/// A message among others.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// Its entry.
    pub entry: Entry,
    /// The author's claimed time.
    pub time_ms: u64,
    /// The author's post.
    pub from: String,
    /// Whether it is ours.
    pub ours: bool,
    /// 0 flash to 3 routine.
    pub precedence: u8,
    /// The form's name.
    pub form: String,
    /// What this desk reads; nothing if the body is not held.
    pub here: Option<Text>,
    /// What the other desk reads.
    pub there: Option<Text>,
    /// The author's language.
    pub original: Option<Language>,
    /// Every step taken.
    pub rungs: Vec<Rung>,
    /// Whether one officer released it alone.
    pub emergency: bool,
    /// Whether somebody still owes something on it.
    pub open: bool,
    /// What was done with it.
    pub act: Act,
}

/// Under which act an entry was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Officers released it.
    Release,
    /// An officer stated a step on another one.
    Acknowledge,
    /// The post wrote it: a line test.
    Service,
    /// Officers let an entry be shown outside the line.
    Disclose,
    /// Officers consented that an entry's text is destroyed.
    Erase,
}

/// A message in full.
#[derive(Clone, Debug)]
pub struct Message {
    /// As among others.
    pub row: MessageRow,
    /// What it refers to: how, and which.
    pub references: Vec<(String, Entry)>,
    /// Its thread's first entry.
    pub thread: Option<Entry>,
    /// Who signed, and as what.
    pub officers: Vec<(String, SignedAs)>,
    /// Fields that a read-back repeats: name and label.
    pub read_back: Vec<(String, String)>,
    /// Levels that an officer of ours may still state.
    pub may: Vec<u8>,
    /// Digests that prove it: what, and its value.
    pub proofs: Vec<(ProofKind, String)>,
}

/// As what an officer signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedAs {
    /// Wrote it.
    Drafter,
    /// Released it.
    Releaser,
    /// Released it alone.
    Emergency,
    /// Stated a step.
    Stater,
}

/// What a value on the page of a message proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofKind {
    /// The hash of the entry's leaf.
    Leaf,
    /// The root of its log here.
    Root,
    /// The size of its log here.
    Size,
    /// The digest of what both read.
    Rendering,
}

/// A draft.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its number.
    pub id: String,
    /// The form's name.
    pub form: String,
    /// 0 flash to 3 routine.
    pub precedence: u8,
    /// Who drafted it.
    pub drafter: String,
    /// When.
    pub time_ms: u64,
    /// What this desk reads.
    pub here: Text,
    /// What the other desk will read.
    pub there: Text,
    /// Signatures still wanted.
    pub wanted: u8,
    /// Signatures that the charter asks for.
    pub rule: u8,
    /// Whether one officer may release it alone in an emergency.
    pub emergency: bool,
    /// Critical fields: name and label. Their values are typed back unseen.
    pub critical: Vec<(String, String)>,
    /// Four words of the digest, in this desk's language.
    pub check_words: Vec<String>,
    /// The digest that officers sign.
    pub digest: String,
    /// Why it was given back.
    pub reason: Option<String>,
}

/// The line's own page.
#[derive(Clone, Debug, Default)]
pub struct CharterPage {
    /// Check words in each of the line's languages.
    pub words: Vec<(Language, Vec<String>)>,
    /// Parties with their posts and officers.
    pub parties: Vec<PartyRow>,
    /// For each precedence: signatures, emergency, and the three times in seconds.
    pub rules: Vec<RuleRow>,
    /// The forms of the line: name, title, version, review.
    pub forms: Vec<(String, String, String, String)>,
    /// Seconds between line tests.
    pub test_every_s: u64,
    /// Each log: post, size, root, confirmed.
    pub logs: Vec<LogRow>,
    /// How fast each post was: post, level, count, median and longest in milliseconds.
    pub times: Vec<TimesRow>,
    /// Where names of places come from.
    pub attribution: String,
}

/// One party.
#[derive(Clone, Debug)]
pub struct PartyRow {
    /// Its name.
    pub name: String,
    /// Its posts.
    pub posts: Vec<String>,
    /// Its officers, with their roles' codes.
    pub officers: Vec<(String, Vec<String>)>,
}

/// What the charter says of one precedence.
#[derive(Clone, Copy, Debug)]
pub struct RuleRow {
    /// 0 flash to 3 routine.
    pub precedence: u8,
    /// Officers who sign.
    pub signatures: u8,
    /// Whether one may release alone in an emergency.
    pub emergency: bool,
    /// Until the watch should have acknowledged.
    pub acknowledge_s: u32,
    /// Until the next step.
    pub escalate_s: u32,
    /// Until the silence is recorded.
    pub give_up_s: u32,
}

/// One log.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Its post.
    pub post: String,
    /// Entries here.
    pub size: u64,
    /// Root at that size.
    pub root: String,
    /// Entries of ours that the post holds.
    pub holds: u64,
}

/// How fast a post reached a level.
#[derive(Clone, Debug)]
pub struct TimesRow {
    /// The post.
    pub post: String,
    /// 0 flash to 3 routine.
    pub precedence: u8,
    /// The level.
    pub level: u8,
    /// How often.
    pub count: u64,
    /// Half of them took no longer.
    pub median_ms: Option<u64>,
    /// The longest.
    pub max_ms: Option<u64>,
}
