//! Paints values as pieces: the language's own digits, recorded offsets, isolates round tokens.

use crate::catalogue::Catalogue;
use crate::geo::{Area, Coordinate, Height};
use crate::glossary::Wordbook;
use crate::language::{Direction, Language};
use crate::lexicon::{Lexicon, Run, runs};
use crate::render::RenderError;
use crate::rendering::{Isolate, Piece, PieceKind};
use crate::signal;
use crate::time::Instant;
use crate::value::{Answer, Claim, ClaimStatus, Count, Reply, TermPosition, Text, Tri, Value};
use crate::wording::Part;

/// Paints in one language with one wordbook.
pub(crate) struct Painter<'a> {
    pub(crate) language: Language,
    pub(crate) book: Wordbook<'a>,
}

type Painted = Result<Vec<Piece>, RenderError>;

impl Painter<'_> {
    /// Paints a value within a sentence: a single claim without its status, the rest as in a row.
    pub(crate) fn inline(&self, field: &str, value: &Value) -> Painted {
        match value {
            Value::Count(count) => return Ok(self.bare_count(*count)),
            Value::Claims(claims) => {
                if let [one] = claims.as_slice() {
                    return Ok(self.bare_count(one.count));
                }
            }
            _ => {}
        }
        // A sentence has no rows within it.
        let flat = |piece: Piece| match piece.kind {
            PieceKind::Break => Piece::wording(self.words().comma),
            _ => piece,
        };
        Ok(self.value(field, value)?.into_iter().map(flat).collect())
    }

    /// Paints a value in a row.
    pub(crate) fn value(&self, field: &str, value: &Value) -> Painted {
        let words = self.words();
        Ok(match value {
            Value::Unknown | Value::Tri(Tri::Unknown) => vec![self.missing(words.unknown)],
            Value::Count(count) => self.count(*count),
            Value::Claims(claims) => self.claims(claims),
            Value::Instant(instant) => self.instant(instant),
            Value::Window { from, until } => {
                let ends = [('a', self.instant(from)), ('b', self.instant(until))];
                fill(words.window, ends)
            }
            Value::Coordinate(point) => vec![coordinate(*point)],
            Value::Area(area) => self.area(area),
            Value::Heights(band) => {
                let ends = [('a', self.height(band.lower)), ('b', self.height(band.upper))];
                fill(words.heights, ends)
            }
            Value::Distance { metres } => self.distance(*metres),
            Value::Code(code) => vec![self.code(field, code)?],
            Value::Codes(codes) => {
                let captions = codes.iter().map(|code| self.code(field, code));
                joined(captions.collect::<Result<Vec<_>, _>>()?, words.listed)
            }
            Value::Tri(Tri::Yes) => vec![Piece::wording(words.yes)],
            Value::Tri(Tri::No) => vec![Piece::wording(words.no)],
            Value::Place(place) => {
                let known = self.book.gazetteer.get(&place.id);
                let name = known
                    .and_then(|known| known.name_in(self.language))
                    .ok_or_else(|| RenderError::LocalPlaceUnknown(field.to_owned()))?;
                let name = Piece::token(PieceKind::Name, Isolate::FirstStrong, name);
                fill(words.place, [('n', vec![name]), ('c', vec![coordinate(place.at)])])
            }
            Value::Text(text) => self.text(text),
            Value::Identifier(id) => vec![identifier(id)],
            Value::Questions(questions) => rows(questions.iter().map(|question| {
                let text = self.text(&question.text);
                fill(words.question, [('n', self.ordinal(question.number)), ('t', text)])
            })),
            Value::Answers(answers) => {
                let answers = answers.iter().map(|answer| {
                    let reply = self.reply(field, answer)?;
                    let number = self.ordinal(answer.question);
                    Ok(fill(words.question, [('n', number), ('t', reply)]))
                });
                rows(answers.collect::<Result<Vec<_>, _>>()?)
            }
            Value::Terms(terms) => rows(terms.iter().map(|term| self.term(term))),
            Value::Repeated { form, values } => {
                let form =
                    Catalogue::builtin().get(*form).ok_or(RenderError::LocalFormUnknown(*form))?;
                let title = form.title_in(self.language);
                let title = title.ok_or(RenderError::LocalWordingMissing(self.language))?;
                let title = Piece::token(PieceKind::Code, Isolate::FirstStrong, title);
                let mut all = vec![fill(words.of_form, [('f', vec![title])])];
                for (number, value) in values {
                    let repeated = form
                        .field_number(*number)
                        .ok_or(RenderError::LocalFormUnknown(form.id()))?;
                    let label = repeated.label(self.language);
                    let label = Piece::token(PieceKind::Code, Isolate::FirstStrong, label);
                    let value = self.value(&repeated.name, value)?;
                    all.push(fill(words.repeated, [('l', vec![label]), ('v', value)]));
                }
                rows(all)
            }
            Value::Route(points) => self.numbered(points.iter().map(|point| match &point.when {
                None => vec![coordinate(point.at)],
                Some(when) => {
                    let at = vec![coordinate(point.at)];
                    fill(words.waypoint, [('c', at), ('i', self.instant(when))])
                }
            })),
            Value::Instants(instants) => {
                self.numbered(instants.iter().map(|instant| self.instant(instant)))
            }
            Value::Frequency { hertz } => vec![identifier(&signal::frequency(*hertz))],
            Value::Bearing { degrees } => vec![identifier(&signal::bearing(*degrees))],
            Value::Hash(hash) => vec![identifier(&signal::hash(hash))],
            Value::Identifiers(ids) => {
                joined(ids.iter().map(|id| identifier(id)).collect(), words.listed)
            }
            Value::Level(level) => {
                let words = crate::words::level_words(*level, self.language);
                let words = words.strip_prefix(level.code()).unwrap_or(words);
                vec![identifier(level.code()), Piece::wording(words)]
            }
        })
    }

    /// One end of a range, for a headline's range arm.
    pub(crate) fn end_of_range(&self, value: &Value, part: Part) -> Option<Piece> {
        let count = match value {
            Value::Count(count) => *count,
            Value::Claims(claims) => claims.first()?.count,
            _ => return None,
        };
        match (count, part) {
            (Count::Range { lower, .. }, Part::Lower) => Some(self.number(lower)),
            (Count::Range { upper, .. }, Part::Upper) => Some(self.number(upper)),
            _ => None,
        }
    }

    pub(crate) fn missing(&self, words: &str) -> Piece {
        Piece::token(PieceKind::Missing, Isolate::FirstStrong, words)
    }

    const fn words(&self) -> &'static Lexicon {
        self.language.words()
    }

    fn number(&self, number: impl Into<i64>) -> Piece {
        let latin = number.into().to_string();
        Piece {
            kind: PieceKind::Number,
            isolate: Isolate::LeftToRight,
            text: self.language.digits(&latin),
            beside: (!self.language.uses_latin_digits()).then_some(latin),
        }
    }

    /// A row each, with its number from 1.
    fn numbered(&self, values: impl Iterator<Item = Vec<Piece>>) -> Vec<Piece> {
        rows((1_u32..).zip(values).map(|(number, value)| {
            fill(self.words().numbered, [('n', vec![self.number(number)]), ('v', value)])
        }))
    }

    fn ordinal(&self, number: u8) -> Vec<Piece> {
        vec![self.number(number)]
    }

    /// The number alone, where the sentence says what bounds it.
    fn bare_count(&self, count: Count) -> Vec<Piece> {
        match count {
            Count::Known(n) | Count::AtLeast(n) | Count::AtMost(n) => vec![self.number(n)],
            _ => self.count(count),
        }
    }

    fn count(&self, count: Count) -> Vec<Piece> {
        let words = self.words();
        let one = |pattern, n: u32| fill(pattern, [('n', vec![self.number(n)])]);
        match count {
            Count::None => one(words.none, 0),
            Count::Known(n) => vec![self.number(n)],
            Count::Range { lower, upper } => {
                let ends = [('a', vec![self.number(lower)]), ('b', vec![self.number(upper)])];
                fill(words.range, ends)
            }
            Count::AtLeast(n) => one(words.at_least, n),
            Count::AtMost(n) => one(words.at_most, n),
            Count::Unknown => vec![self.missing(words.unknown)],
        }
    }

    fn claims(&self, claims: &[Claim]) -> Vec<Piece> {
        let words = self.words();
        let mut all = Vec::new();
        if claims.len() > 1 {
            all.push(vec![Piece::wording(words.separate)]);
        }
        for claim in claims {
            let count = self.count(claim.count);
            // That nothing is known needs no standing.
            all.push(if claim.count == Count::Unknown && claim.status == ClaimStatus::Reported {
                count
            } else {
                let status = vec![Piece::wording(words.status(claim.status))];
                fill(words.claim, [('n', count), ('s', status)])
            });
        }
        rows(all)
    }

    /// `01:09 local time (Asia/Damascus UTC+03:00), Thursday 7 April 2022; UTC 2022-04-06T22:09Z`.
    fn instant(&self, instant: &Instant) -> Vec<Piece> {
        let words = self.words();
        let clock = if instant.is_utc() { instant.zulu() } else { instant.local() };
        let time = |text: &str| {
            let text = self.language.digits(text);
            vec![Piece::token(PieceKind::Time, Isolate::LeftToRight, text)]
        };
        let token = |kind, text| vec![Piece::token(kind, Isolate::LeftToRight, text)];
        let pattern = if instant.is_utc() { words.utc } else { words.local };
        let zone = format!("{} {}", instant.zone(), instant.offset_text());
        fill(
            pattern,
            [
                ('t', time(&clock.time_text())),
                ('z', token(PieceKind::Zone, zone)),
                ('w', vec![Piece::wording(words.weekday(clock.weekday))]),
                ('d', time(&clock.day.to_string())),
                ('m', vec![Piece::wording(words.month(clock.month))]),
                ('y', time(&clock.year.to_string())),
                ('i', token(PieceKind::Zulu, instant.zulu_iso())),
            ],
        )
    }

    fn area(&self, area: &Area) -> Vec<Piece> {
        let words = self.words();
        match area {
            Area::Circle { centre, radius_m } => {
                let parts = [('r', self.distance(*radius_m)), ('c', vec![coordinate(*centre)])];
                fill(words.circle, parts)
            }
            Area::Polygon(corners) => {
                let corners = corners.iter().map(|corner| coordinate(*corner)).collect();
                fill(words.polygon, [('c', joined(corners, words.semicolon))])
            }
        }
    }

    fn distance(&self, metres: u32) -> Vec<Piece> {
        let words = self.words();
        if metres.is_multiple_of(1_000) {
            fill(words.kilometres, [('n', vec![self.number(metres / 1_000)])])
        } else {
            fill(words.metres, [('n', vec![self.number(metres)])])
        }
    }

    fn height(&self, height: Height) -> Vec<Piece> {
        let words = self.words();
        let above = |pattern, number: i32, datum| {
            let datum = vec![Piece::wording(words.datum(datum))];
            fill(pattern, [('n', vec![self.number(number)]), ('d', datum)])
        };
        match height {
            Height::Surface => vec![Piece::wording(words.surface)],
            Height::Unlimited => vec![Piece::wording(words.unlimited)],
            Height::Metres(metres, datum) => above(words.metres_above, metres, datum),
            Height::Feet(feet, datum) => above(words.feet_above, feet, datum),
            Height::FlightLevel(level) => vec![identifier(&format!("FL{level:03}"))],
        }
    }

    fn code(&self, field: &str, code: &str) -> Result<Piece, RenderError> {
        let caption = self.book.glossary.caption(code, self.language);
        let caption = caption.ok_or_else(|| RenderError::LocalCodeUnknown(field.to_owned()))?;
        Ok(Piece::token(PieceKind::Code, Isolate::FirstStrong, caption))
    }

    /// The author's words in the direction of the author's language, labelled if it is another.
    fn text(&self, text: &Text) -> Vec<Piece> {
        let isolate = match text.language.direction() {
            Direction::LeftToRight => Isolate::LeftToRight,
            Direction::RightToLeft => Isolate::RightToLeft,
        };
        let content = vec![Piece::token(PieceKind::FreeText, isolate, text.text.clone())];
        if text.language == self.language {
            return content;
        }
        let name = vec![Piece::wording(self.words().language_name(text.language))];
        fill(self.words().foreign, [('l', name), ('t', content)])
    }

    fn reply(&self, field: &str, answer: &Answer) -> Painted {
        let words = self.words();
        Ok(match &answer.reply {
            Reply::Answered(text) => fill(words.answered, [('t', self.text(text))]),
            Reply::Part(text) => fill(words.answered_in_part, [('t', self.text(text))]),
            Reply::Declined(reason) => {
                fill(words.declined, [('r', vec![self.code(field, reason)?])])
            }
            Reply::StandBy(instant) => fill(words.stand_by, [('i', self.instant(instant))]),
            Reply::NotOurForces => vec![Piece::wording(words.not_our_forces)],
        })
    }

    fn term(&self, term: &TermPosition) -> Vec<Piece> {
        let words = self.words();
        let number = ('n', self.ordinal(term.term));
        let position = ('p', vec![Piece::wording(words.position(term.position))]);
        match &term.text {
            None => fill(words.term, [number, position]),
            Some(text) => fill(words.term_text, [number, position, ('t', self.text(text))]),
        }
    }
}

/// Fills the slots of a pattern, each of them once; a slot that the pattern has not is left out.
fn fill<const N: usize>(pattern: &'static str, mut slots: [(char, Vec<Piece>); N]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(2 * N + 1);
    for run in runs(pattern) {
        match run {
            Run::Text(text) => pieces.push(Piece::wording(text)),
            Run::Break => pieces.push(line_break()),
            Run::Slot(name) => {
                if let Some((_, filling)) = slots.iter_mut().find(|(slot, _)| *slot == name) {
                    pieces.append(filling);
                }
            }
        }
    }
    pieces
}

/// Pieces with the same words between them.
fn joined(pieces: Vec<Piece>, between: &str) -> Vec<Piece> {
    let mut all = Vec::with_capacity(2 * pieces.len());
    for piece in pieces {
        if !all.is_empty() {
            all.push(Piece::wording(between));
        }
        all.push(piece);
    }
    all
}

/// One after the other, each on a row of its own.
fn rows(values: impl IntoIterator<Item = Vec<Piece>>) -> Vec<Piece> {
    let mut all = Vec::new();
    for value in values {
        if !all.is_empty() {
            all.push(line_break());
        }
        all.extend(value);
    }
    all
}

fn line_break() -> Piece {
    Piece::token(PieceKind::Break, Isolate::None, "\n  ")
}

fn coordinate(point: Coordinate) -> Piece {
    Piece::token(PieceKind::Coordinate, Isolate::LeftToRight, point.painted())
}

fn identifier(id: &str) -> Piece {
    Piece::token(PieceKind::Identifier, Isolate::LeftToRight, id)
}
