//! Who is on the line: parties, posts, officers, third parties and the ways between posts.
//!
//! Parties carry roles, never the names of states. Keys and addresses are the host's to make.

use std::collections::BTreeMap;

use super::document::{Found, Section, listed};
use super::error::ScenarioError;
use super::header::Bounds;
use super::name::{Name, Word};

/// A caption in each language of the line, by language tag.
pub type Titles = BTreeMap<Word, String>;

/// One side of the line, by role and never by the name of a state.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its name in this document.
    pub name: Name,
    /// Its role, in each language of the line.
    pub title: Titles,
    /// Languages its officers read, the first being the one they write.
    pub languages: Vec<Word>,
}

/// A staffed station.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its name in this document.
    pub name: Name,
    /// The party it belongs to.
    pub party: Name,
    /// Its caption in each language of the line.
    pub title: Titles,
}

/// A role that a person holds at a post.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    /// Its name in this document.
    pub name: Name,
    /// Where the officer sits.
    pub post: Name,
    /// The role as it is shown, in each language of the line.
    pub title: Titles,
    /// What the charter lets the officer do, each once.
    pub roles: Vec<OfficerRole>,
}

/// What the charter lets an officer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfficerRole {
    /// Keeps the watch, drafts, acknowledges.
    Watch,
    /// Releases drafts.
    Releasing,
    /// Answers for the wording.
    Linguist,
    /// Answers for routes, software and keys.
    Technical,
    /// Reads and verifies, and does nothing else.
    Auditor,
    /// Commands the post.
    Commander,
}

/// A third party that carries sealed frames.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mediator {
    /// Its name in this document.
    pub name: Name,
    /// Its caption in each language of the line.
    pub title: Titles,
}

/// A keeper that countersigns checkpoints.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name in this document.
    pub name: Name,
    /// Its caption in each language of the line.
    pub title: Titles,
}

/// One way between two posts, both ways alike.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name in this document.
    pub name: Name,
    /// One end.
    pub from: Name,
    /// The other end.
    pub to: Name,
    /// Over what.
    pub by: RouteKind,
}

/// Over what a route goes.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteKind {
    /// From post to post.
    Direct,
    /// Through this mediator.
    Mediator(Name),
    /// By a file that is carried.
    File,
    /// Over a thin link of 2.4 kbit/s.
    Thin,
}

/// What steps and faults may name.
pub(super) struct Cast<'a> {
    pub(super) posts: &'a [Post],
    pub(super) officers: &'a [Officer],
    pub(super) routes: &'a [Route],
    pub(super) bounds: Bounds,
}

impl OfficerRole {
    /// The words for all roles.
    const WORDS: [(&str, Self); 6] = [
        ("watch", Self::Watch),
        ("releasing", Self::Releasing),
        ("linguist", Self::Linguist),
        ("technical", Self::Technical),
        ("auditor", Self::Auditor),
        ("commander", Self::Commander),
    ];

    fn of(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, role)| *role)
    }
}

/// The words for the kinds of route.
const ROUTE_WORDS: [(&str, &str); 4] =
    [("direct", "direct"), ("mediator", "mediator"), ("file", "file"), ("thin", "thin")];

/// Names that were given already.
#[derive(Default)]
pub(super) struct Taken(Vec<Name>);

impl Taken {
    pub(super) fn new_name(&mut self, section: &Section<'_, '_>) -> Result<Name, ScenarioError> {
        let Found { value, row, key } = section.name("name")?;
        if self.0.contains(&value) {
            return Err(ScenarioError::LocalNameTaken { row, key, name: value.to_string() });
        }
        self.0.push(value.clone());
        Ok(value)
    }
}

/// Reads every table of one list, and refuses keys that `read` did not ask for.
pub(super) fn each<T>(
    whole: &Section<'_, '_>,
    key: &'static str,
    least: usize,
    most: usize,
    mut read: impl FnMut(&Section<'_, '_>) -> Result<T, ScenarioError>,
) -> Result<Vec<T>, ScenarioError> {
    let sections = whole.sections(key, most)?;
    if sections.len() < least {
        return Err(ScenarioError::LocalMissing {
            row: whole.row(),
            key: key.to_owned(),
            expected: format!("at least {least} of `[[{key}]]`"),
        });
    }
    let mut values = Vec::with_capacity(sections.len());
    for section in sections {
        values.push(read(&section)?);
        section.finish()?;
    }
    Ok(values)
}

/// Reads a caption, which must be there in every language of the line and in no other.
pub(super) fn titles(
    section: &Section<'_, '_>,
    languages: &[Word],
) -> Result<Titles, ScenarioError> {
    let table = section.section("title")?;
    let texts = table.all_texts(120)?;
    if let Some(other) = texts.iter().find(|found| !languages.contains(&found.value.0)) {
        let expected = format!("one of {}", listed(languages.iter().map(Word::as_str)));
        return Err(ScenarioError::LocalUnknownKey {
            row: other.row,
            key: other.key.clone(),
            expected,
        });
    }
    let titles: Titles = texts.into_iter().map(|found| found.value).collect();
    match languages.iter().find(|language| !titles.contains_key(language)) {
        None => Ok(titles),
        Some(language) => Err(ScenarioError::LocalMissing {
            row: table.row(),
            key: table.named(language.as_str()),
            expected: "a caption in every language of the line".to_owned(),
        }),
    }
}

pub(super) fn party(
    row: &Section<'_, '_>,
    taken: &mut Taken,
    known: &[Word],
) -> Result<Party, ScenarioError> {
    let name = taken.new_name(row)?;
    let title = titles(row, known)?;
    let languages = row.words("languages")?;
    if languages.is_empty() {
        row.word("languages")?;
    }
    for language in &languages {
        if !known.contains(&language.value) {
            let expected = format!("one of {}", listed(known.iter().map(Word::as_str)));
            return Err(language.wrong(expected, "another language"));
        }
    }
    let languages = languages.into_iter().map(|found| found.value).collect();
    Ok(Party { name, title, languages })
}

pub(super) fn post(
    row: &Section<'_, '_>,
    taken: &mut Taken,
    known: &[Word],
    parties: &[Party],
) -> Result<Post, ScenarioError> {
    let name = taken.new_name(row)?;
    let party = declared(row.name("party")?, parties.iter().map(|party| &party.name), "a party")?;
    Ok(Post { name, party, title: titles(row, known)? })
}

pub(super) fn officer(
    row: &Section<'_, '_>,
    taken: &mut Taken,
    known: &[Word],
    posts: &[Post],
) -> Result<Officer, ScenarioError> {
    let name = taken.new_name(row)?;
    let post = declared(row.name("post")?, posts.iter().map(|post| &post.name), "a post")?;
    let words = OfficerRole::WORDS.iter().map(|(word, _)| word);
    let roles = row.list("roles", &format!("one of {}", listed(words)), OfficerRole::of)?;
    if roles.is_empty() {
        row.word("roles")?;
    }
    let mut roles: Vec<OfficerRole> = roles.into_iter().map(|found| found.value).collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(Officer { name, post, title: titles(row, known)?, roles })
}

pub(super) fn route(
    row: &Section<'_, '_>,
    taken: &mut Taken,
    posts: &[Post],
    mediators: &[Mediator],
) -> Result<Route, ScenarioError> {
    let name = taken.new_name(row)?;
    let from = declared(row.name("from")?, posts.iter().map(|post| &post.name), "a post")?;
    let to = declared(row.name("to")?, posts.iter().map(|post| &post.name), "a post")?;
    let by = match row.choice("by", &ROUTE_WORDS)? {
        "mediator" => {
            let names = mediators.iter().map(|mediator| &mediator.name);
            RouteKind::Mediator(declared(row.name("mediator")?, names, "a mediator")?)
        }
        "file" => RouteKind::File,
        "thin" => RouteKind::Thin,
        _ => RouteKind::Direct,
    };
    Ok(Route { name, from, to, by })
}

/// Returns a name if something of that name was declared before.
pub(super) fn declared<'a>(
    found: Found<Name>,
    mut known: impl Iterator<Item = &'a Name> + Clone,
    what: &str,
) -> Result<Name, ScenarioError> {
    let names: Vec<&str> = known.clone().map(Name::as_str).collect();
    if known.any(|name| *name == found.value) {
        Ok(found.value)
    } else if names.len() <= 8 {
        Err(found.unknown(format!("{what}: {}", listed(names.iter()))))
    } else {
        Err(found.unknown(format!("{what} that is declared above")))
    }
}
