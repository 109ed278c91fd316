//! The document as a whole: its head, and everything below it in the order in which it is read.

use khatt_record::Kind;
use toml::de::DeTable;

use super::cast::{
    Cast, Mediator, Officer, Party, Post, Route, Taken, Titles, Witness, each, officer, party,
    post, route, titles,
};
use super::charter::{self, CharterSettings};
use super::document::{Rows, Section};
use super::error::ScenarioError;
use super::fault::{self, Fault};
use super::moment;
use super::name::Name;
use super::read_step;
use super::step::Step;
use super::{MAX_DOCUMENT_BYTES, MAX_STEPS};

/// A checked scenario: every name in it is declared, every row of it was understood.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, which is also the name of its two files.
    pub name: Name,
    /// Drill or rehearsal; a scenario is never real.
    pub kind: Kind,
    /// Its caption in each language of the line.
    pub title: Titles,
    /// What it is played for, in one sentence.
    pub aim: String,
    /// Wall time at offset zero, in milliseconds since 1970 in UTC.
    pub start_ms: u64,
    /// Zones in which its times are shown beside UTC.
    pub zones: Vec<String>,
    /// The one number from which a host draws every random byte.
    pub seed: u64,
    /// Real milliseconds that a run at reading pace takes in pauses.
    pub run_ms: u64,
    /// How long the player waits where a step does not say.
    pub bounds: Bounds,
    /// The rules of the line.
    pub charter: CharterSettings,
    /// The parties, two to eight, in the order of the charter.
    pub parties: Vec<Party>,
    /// The posts, in the order of the charter.
    pub posts: Vec<Post>,
    /// The officers, in the order of the charter.
    pub officers: Vec<Officer>,
    /// Third parties that carry sealed frames.
    pub mediators: Vec<Mediator>,
    /// Keepers that countersign checkpoints.
    pub witnesses: Vec<Witness>,
    /// Ways between posts; none means one direct route between every two.
    pub routes: Vec<Route>,
    /// What goes wrong at a fixed time, in the order of time.
    pub faults: Vec<Fault>,
    /// What is done, in the order in which it is done.
    pub steps: Vec<Step>,
}

/// How long the player waits, on the scenario clock, where a step does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For what a step refers to, to be there.
    pub ready_ms: u64,
    /// For the host to have done an act.
    pub act_ms: u64,
    /// For an expectation to be met.
    pub expect_ms: u64,
}

impl Scenario {
    /// Reads a scenario document (`spec/scenario.md`).
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] for the first fault found: text that is not TOML, a key that is missing or
    /// unknown, a value of another form, a name that is not declared or is given twice.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            let (bytes, most) = (text.len(), MAX_DOCUMENT_BYTES);
            return Err(ScenarioError::LocalTooLarge { bytes, most });
        }
        let rows = Rows::of(text);
        let document = DeTable::parse(text).map_err(|fault| ScenarioError::LocalNotToml {
            row: rows.row(fault.span().map_or(0, |span| span.start)),
            reason: fault.message().chars().take(200).collect(),
        })?;
        read(Section::whole(&rows, document.get_ref()))
    }

    /// Returns the step of this name.
    #[must_use]
    pub fn step(&self, name: &Name) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == *name)
    }

    /// Returns the post of this name.
    #[must_use]
    pub fn post(&self, name: &Name) -> Option<&Post> {
        self.posts.iter().find(|post| post.name == *name)
    }

    /// Returns the officer of this name.
    #[must_use]
    pub fn officer(&self, name: &Name) -> Option<&Officer> {
        self.officers.iter().find(|officer| officer.name == *name)
    }

    /// Returns the party that a post belongs to.
    #[must_use]
    pub fn party_of(&self, post: &Name) -> Option<&Party> {
        let owner = &self.post(post)?.party;
        self.parties.iter().find(|party| party.name == *owner)
    }

    /// Returns the posts of every other party than this post's.
    pub fn other_sides<'a>(&'a self, post: &Name) -> impl Iterator<Item = &'a Post> + use<'a> {
        let own = self.post(post).map(|post| post.party.clone());
        self.posts.iter().filter(move |other| Some(&other.party) != own.as_ref())
    }

    /// Returns the real milliseconds a reader is given after a step, at reading pace.
    ///
    /// The pauses of all steps together are `run_ms`, shared by their reading weights. A fast run
    /// leaves them out.
    #[must_use]
    pub fn pause_ms(&self, step: &Name) -> u64 {
        let whole: u64 = self.steps.iter().map(|step| u64::from(step.reading)).sum();
        let own = self.step(step).map_or(0, |step| u64::from(step.reading));
        (self.run_ms * own).checked_div(whole).unwrap_or(0)
    }
}

/// Longest pause of a whole run: a day.
const MAX_RUN_S: u64 = 86_400;

fn read(whole: Section<'_, '_>) -> Result<Scenario, ScenarioError> {
    whole.number("format", 1, 1)?;
    let name = whole.name("name")?.value;
    let kind = whole.choice("kind", &[("rehearsal", Kind::Rehearsal), ("drill", Kind::Drill)])?;
    let aim = whole.text("aim", 600)?.value;
    let start = whole.text("start", 24)?;
    let start_ms = moment::start_ms(&start.value).ok_or_else(|| {
        start.wrong("an instant in UTC as \"2023-11-08T18:00:00Z\"", "another text")
    })?;
    let zones = whole.list("zones", "a zone such as Asia/Damascus", zone)?;
    let seed = whole.number("seed", 0, i64::MAX.unsigned_abs())?;
    let charter = charter::read(whole.section("charter")?)?;
    let languages = &charter.languages;
    let title = titles(&whole, languages)?;
    let pace = whole.section("pace")?;
    let run_ms = pace.number("run-s", 0, MAX_RUN_S)? * 1_000;
    pace.finish()?;
    let bounds = match whole.optional_section("bounds")? {
        None => Bounds::default(),
        Some(section) => bounds(section)?,
    };

    let mut taken = Taken::default();
    let parties = each(&whole, "party", 2, 8, |row| party(row, &mut taken, languages))?;
    let posts = each(&whole, "post", 1, 16, |row| post(row, &mut taken, languages, &parties))?;
    let officers =
        each(&whole, "officer", 1, 256, |row| officer(row, &mut taken, languages, &posts))?;
    let mediators = each(&whole, "mediator", 0, 16, |row| {
        Ok(Mediator { name: taken.new_name(row)?, title: titles(row, languages)? })
    })?;
    let witnesses = each(&whole, "witness", 0, 16, |row| {
        Ok(Witness { name: taken.new_name(row)?, title: titles(row, languages)? })
    })?;
    let routes = each(&whole, "route", 0, 128, |row| route(row, &mut taken, &posts, &mediators))?;

    let cast = Cast { posts: &posts, officers: &officers, routes: &routes, bounds };
    let mut steps = Vec::new();
    for section in whole.sections("step", MAX_STEPS)? {
        let step = read_step::read(section, &cast, &steps)?;
        steps.push(step);
    }
    let faults = fault::read_all(&whole, &cast, &steps)?;
    whole.finish()?;
    let zones = zones.into_iter().map(|found| found.value).collect();
    Ok(Scenario {
        name,
        kind,
        title,
        aim,
        start_ms,
        zones,
        seed,
        run_ms,
        bounds,
        charter,
        parties,
        posts,
        officers,
        mediators,
        witnesses,
        routes,
        faults,
        steps,
    })
}

impl Default for Bounds {
    fn default() -> Self {
        Self { ready_ms: 120_000, act_ms: 60_000, expect_ms: 120_000 }
    }
}

fn bounds(section: Section<'_, '_>) -> Result<Bounds, ScenarioError> {
    let mut bounds = Bounds::default();
    for (key, bound) in [
        ("ready", &mut bounds.ready_ms),
        ("act", &mut bounds.act_ms),
        ("expect", &mut bounds.expect_ms),
    ] {
        if let Some(found) = section.optional_offset(key)? {
            *bound = found.value;
        }
    }
    section.finish()?;
    Ok(bounds)
}

/// Takes a zone's name by its form; whether there is such a zone the host's time data knows.
fn zone(text: &str) -> Option<String> {
    let sound = text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    (sound && text.len() <= 40).then(|| text.to_owned())
}
