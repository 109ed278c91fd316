//! The watch desk of a running post: what `khatt-desk` reads and does, over the control socket's answers.
//!
//! Deeds go through [`control::desk::Desk`](crate::control::desk::Desk) as a command's do, proved and
//! signed by the officer's own key, which is open only while its deed is done. Pages read the line on
//! its engine's thread and render beside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use khatt_core::{
    ladder::Level,
    line::{Line, MessageView as CoreView},
};
use khatt_desk::port::{
    CharterPage, Deed, Done, Draft, Entry, Face, JournalRow, Message, Need, News, Noted, Post,
    Refusal, Rung, Seat, State, Touch, Traffic, TrafficAsk,
};
use khatt_forms::{Language, LineKind};
use khatt_record::{EntryId, Kind, PostIndex, charter::Roles, entry::Act};

use crate::{
    advice,
    control::{
        desk::Desk,
        views::{TextView, languages, post_name},
    },
    folder::PostFolder,
    host::PostHost,
    trouble::Trouble,
};

mod acts;
mod news;
mod open;
mod order;
mod rows;
mod states;

pub use acts::DeedError;
pub use open::{OpenDesk, open};

use news::Newsroom;
use order::Order;

/// Messages whose text is kept rendered.
const KEPT_MAX: usize = 2048;
/// Messages read in one turn of the engine's thread, so that no page holds up the line.
const READ_AT_ONCE: usize = 8;

/// What a desk shows beyond what the charter says.
#[derive(Clone, Debug)]
pub struct Sight {
    /// What this post's officers read first.
    pub reads: Language,
    /// What the other side's do; the line's first other language if it is not known.
    pub other_reads: Option<Language>,
    /// Zones of site, us and them.
    pub zones: Vec<String>,
}

/// A running post as its watch desk has it.
pub struct PostDesk {
    control: Arc<Desk>,
    host: Arc<PostHost>,
    folder: PostFolder,
    sight: Sight,
    order: Mutex<Order>,
    kept: Mutex<BTreeMap<EntryId, Arc<Kept>>>,
    newsroom: Arc<Newsroom>,
}

/// A message as it is kept: what never changes of it.
struct Kept {
    view: CoreView,
    texts: Mutex<BTreeMap<Language, TextView>>,
}

/// What changes of a message.
struct Moving {
    rungs: Vec<Rung>,
    open: bool,
}

impl PostDesk {
    /// Sets a desk beside a running post.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if the system has no thread for its news.
    pub fn new(
        control: Arc<Desk>,
        host: Arc<PostHost>,
        folder: PostFolder,
        sight: Sight,
    ) -> Result<Arc<Self>, Trouble> {
        let now = control.look(|_, now| now.wall_ms)?;
        let newsroom = Newsroom::start(host.subscribe(), now)?;
        Ok(Arc::new(Self {
            control,
            host,
            folder,
            sight,
            order: Mutex::default(),
            kept: Mutex::default(),
            newsroom,
        }))
    }

    fn other_reads(&self) -> Language {
        let of_line = languages(&self.control.charter);
        let other = of_line.iter().copied().find(|language| *language != self.sight.reads);
        self.sight.other_reads.or(other).unwrap_or(self.sight.reads)
    }

    /// The language in which this desk reads messages: the officer's, if the line has it.
    fn column(&self, language: Language) -> Language {
        let of_line = languages(&self.control.charter);
        khatt_desk::port::column(self.sight.reads, &of_line, language)
    }

    fn seats(&self) -> Vec<Seat> {
        let charter = &self.control.charter;
        let party = charter.post(self.control.own).map(|post| post.party);
        let rehearsal = self.folder.rehearsal_passphrase_path().is_some();
        let ours = charter.charter().officers.iter().filter(|held| Some(held.party) == party);
        ours.map(|officer| Seat {
            name: officer.title.clone(),
            roles: role_codes(officer.roles),
            key_here: self.folder.officer_path(&officer.title).is_ok_and(|path| path.exists()),
            rehearsal,
        })
        .collect()
    }

    /// Reads messages, the engine going on with its work between them.
    fn kept(&self, ids: &[EntryId]) -> Result<Vec<Arc<Kept>>, Trouble> {
        let mut found: BTreeMap<EntryId, Arc<Kept>> = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            ids.iter().filter_map(|id| Some((*id, Arc::clone(kept.get(id)?)))).collect()
        };
        let mut missing: Vec<EntryId> =
            ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
        missing.sort_unstable();
        missing.dedup();
        for some in missing.chunks(READ_AT_ONCE) {
            let some = some.to_vec();
            let read = self.control.look(move |line, _| {
                let views = some.iter().map(|id| line.message_view(*id));
                views.collect::<Result<Vec<_>, _>>()
            })??;
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() > KEPT_MAX {
                kept.clear();
            }
            for view in read.into_iter().flatten() {
                let id = view.entry;
                let one = Arc::new(Kept { view, texts: Mutex::default() });
                // A message whose body is not here yet may have one later: it is read each time.
                if one.view.body.is_some() {
                    kept.insert(id, Arc::clone(&one));
                }
                found.insert(id, one);
            }
        }
        Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
    }

    /// Reads how far messages have come.
    fn moving(
        &self,
        ids: &[EntryId],
        language: Language,
    ) -> Result<BTreeMap<EntryId, Moving>, Trouble> {
        let ids = ids.to_vec();
        self.control.look(move |line, now| {
            let open: BTreeSet<EntryId> =
                line.open_messages().map(khatt_core::ladder::Ladder::message).collect();
            let one = |id: &EntryId| {
                let mut rungs = Vec::new();
                if let Some(ladder) = line.ladder(*id, now) {
                    for (post, steps) in ladder.posts() {
                        for level in Level::ALL {
                            let Some(rung) = steps.reached(level) else { continue };
                            rungs.push(rung_of(line, post, level, rung.claimed_ms, language));
                        }
                    }
                }
                (*id, Moving { rungs, open: open.contains(id) })
            };
            ids.iter().map(one).collect()
        })
    }
}

impl Kept {
    /// Renders it, once for each language.
    fn text(&self, language: Language, desk: &PostDesk) -> Option<TextView> {
        let body = self.view.body.as_ref()?;
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let charter = &desk.control.charter;
        Some(texts.entry(language).or_insert_with(|| TextView::of(body, language, charter)).clone())
    }
}

impl Post for PostDesk {
    fn face(&self) -> Face {
        let charter = &self.control.charter;
        let own = self.control.own;
        let party = charter.post(own).and_then(|post| charter.charter().party(post.party));
        let others = charter.charter().posts().filter(|(index, _)| *index != own);
        Face {
            kind: match charter.kind() {
                Kind::Real => LineKind::Real,
                Kind::Drill => LineKind::Drill,
                Kind::Rehearsal => LineKind::Rehearsal,
            },
            line: charter.line_id().to_string(),
            post: post_name(charter, own),
            party: party.map(|party| party.name.clone()).unwrap_or_default(),
            others: others.map(|(_, post)| post.name.clone()).collect(),
            officers: self.seats(),
            reads: self.sight.reads,
            other_reads: self.other_reads(),
            languages: languages(charter),
            zones: self.sight.zones.iter().take(3).cloned().collect(),
        }
    }

    fn state(&self, language: Language) -> Result<State, Refusal> {
        self.line_state(language).map_err(|trouble| refusal(&trouble, language))
    }

    fn needs(&self, language: Language) -> Result<Vec<Need>, Refusal> {
        self.owed(language).map_err(|trouble| refusal(&trouble, language))
    }

    fn traffic(&self, ask: &TrafficAsk, language: Language) -> Result<Traffic, Refusal> {
        self.newest_rows(ask, language).map_err(|trouble| refusal(&trouble, language))
    }

    fn message(&self, entry: Entry, language: Language) -> Result<Message, Refusal> {
        self.whole_message(id_of(entry), language).map_err(|trouble| refusal(&trouble, language))
    }

    fn draft(&self, draft: &str, language: Language) -> Result<Draft, Refusal> {
        self.whole_draft(draft, language).map_err(|trouble| refusal(&trouble, language))
    }

    fn charter(&self, language: Language) -> Result<CharterPage, Refusal> {
        self.charter_page(language).map_err(|trouble| refusal(&trouble, language))
    }

    fn journal(&self, language: Language) -> Vec<JournalRow> {
        self.newsroom.journal(&self.control.charter, language)
    }

    fn prove(&self, touch: &Touch, language: Language) -> Result<Seat, Refusal> {
        let proved = self.acting(touch).map_err(|trouble| refusal(&trouble, language))?;
        let seats = self.seats().into_iter();
        let mut seats = seats.filter(|seat| seat.name == proved.name);
        seats.next().ok_or_else(|| {
            let missing = crate::cli::CommandError::LocalNoSuchOfficer(touch.officer.clone());
            refusal(&missing.into(), language)
        })
    }

    fn act(&self, touch: &Touch, deed: Deed, language: Language) -> Result<Done, Refusal> {
        self.deed(touch, deed, language).map_err(|trouble| refusal(&trouble, language))
    }

    fn alive(&self) {
        // A post that is gone beats no more, and so every desk learns of it.
        let _ = self.host.desk_alive();
    }

    fn note(&self, what: Noted, officer: &str) {
        if let Ok(wall_ms) = self.control.look(|_, now| now.wall_ms) {
            self.newsroom.note(what, officer, wall_ms);
        }
    }

    fn news(&self, after: u64, wait: Duration) -> News {
        self.newsroom.wait(after, wait)
    }
}

/// Puts a trouble into words for an officer.
fn refusal(trouble: &Trouble, language: Language) -> Refusal {
    let (what, advice) = advice::text(&trouble.code, language);
    let fields = trouble.places.iter();
    Refusal {
        code: trouble.code.clone(),
        what: what.to_owned(),
        advice: advice.to_owned(),
        fields: fields
            .map(|place| (place.field.clone(), place.what.clone(), place.advice.clone()))
            .collect(),
    }
}

fn rung_of(line: &Line, post: PostIndex, level: Level, time_ms: u64, language: Language) -> Rung {
    let words = khatt_forms::Level::new(level.number());
    Rung {
        post: post_name(line.charter(), post),
        level: level.number(),
        words: words
            .map(|level| khatt_forms::level_words(level, language).to_owned())
            .unwrap_or_default(),
        time_ms,
    }
}

const fn entry_of(id: EntryId) -> Entry {
    Entry { log: id.log.0, index: id.index }
}

const fn id_of(entry: Entry) -> EntryId {
    EntryId { log: PostIndex(entry.log), index: entry.index }
}

/// Under which act an entry was made, as the desk has it.
pub(crate) const fn act_of(act: Act) -> khatt_desk::port::Act {
    match act {
        Act::Release => khatt_desk::port::Act::Release,
        Act::Acknowledge => khatt_desk::port::Act::Acknowledge,
        Act::Service => khatt_desk::port::Act::Service,
        Act::Disclose => khatt_desk::port::Act::Disclose,
        Act::Erase => khatt_desk::port::Act::Erase,
    }
}

fn role_codes(roles: Roles) -> Vec<String> {
    let names = crate::cli::role_names(roles).into_iter();
    names.map(|name| format!("role-{name}")).collect()
}
