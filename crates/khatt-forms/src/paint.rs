//! Paints values as pieces: the language's own digits, recorded offsets, isolates round tokens.

use crate::catalogue::Catalogue;
use crate::geo::{Area, Coordinate, Height};
use crate::glossary::Wordbook;
use crate::language::Language;
use crate::phrases::{self, Phrase};
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
            PieceKind::Break => self.says(Phrase::Comma),
            _ => piece,
        };
        Ok(self.value(field, value)?.into_iter().map(flat).collect())
    }

    /// Paints a value in a row.
    pub(crate) fn value(&self, field: &str, value: &Value) -> Painted {
        Ok(match value {
            Value::Unknown => vec![self.missing(Phrase::Unknown)],
            Value::Count(count) => self.count(*count),
            Value::Claims(claims) => self.claims(claims),
            Value::Instant(instant) => self.instant(instant),
            Value::Window { from, until } => {
                let mut pieces = vec![self.says(Phrase::From), space()];
                pieces.extend(self.instant(from));
                pieces.extend([line_break(), self.says(Phrase::Until), space()]);
                pieces.extend(self.instant(until));
                pieces
            }
            Value::Coordinate(point) => vec![coordinate(*point)],
            Value::Area(area) => self.area(area),
            Value::Heights(band) => {
                let mut pieces = vec![self.says(Phrase::From), space()];
                pieces.extend(self.height(band.lower));
                pieces.extend([space(), self.says(Phrase::To), space()]);
                pieces.extend(self.height(band.upper));
                pieces
            }
            Value::Distance { metres } => self.distance(*metres),
            Value::Code(code) => vec![self.code(field, code)?],
            Value::Codes(codes) => {
                let mut pieces = Vec::new();
                for code in codes {
                    if !pieces.is_empty() {
                        pieces.push(self.says(Phrase::Comma));
                    }
                    pieces.push(self.code(field, code)?);
                }
                pieces
            }
            Value::Tri(Tri::Yes) => vec![self.says(Phrase::Yes)],
            Value::Tri(Tri::No) => vec![self.says(Phrase::No)],
            Value::Tri(Tri::Unknown) => vec![self.missing(Phrase::Unknown)],
            Value::Place(place) => {
                let known = self.book.gazetteer.get(&place.id);
                let known =
                    known.ok_or_else(|| RenderError::LocalPlaceUnknown(field.to_owned()))?;
                let name = known.name(self.language);
                vec![
                    Piece::token(PieceKind::Name, Isolate::FirstStrong, name),
                    Piece::wording(" ("),
                    coordinate(place.at),
                    Piece::wording(")"),
                ]
            }
            Value::Text(text) => self.text(text),
            Value::Identifier(id) => vec![identifier(id)],
            Value::Questions(questions) => {
                let mut pieces = Vec::new();
                for question in questions {
                    self.item(&mut pieces, Phrase::Question, question.number);
                    pieces.extend(self.text(&question.text));
                }
                pieces
            }
            Value::Answers(answers) => self.answers(field, answers)?,
            Value::Terms(terms) => self.terms(terms),
            Value::Repeated { form, values } => {
                let form =
                    Catalogue::builtin().get(*form).ok_or(RenderError::LocalFormUnknown(*form))?;
                let mut pieces = vec![
                    self.says(Phrase::OfForm),
                    space(),
                    Piece::token(PieceKind::Code, Isolate::FirstStrong, form.title(self.language)),
                ];
                for (number, value) in values {
                    let repeated = form
                        .field_number(*number)
                        .ok_or(RenderError::LocalFormUnknown(form.id()))?;
                    pieces.push(line_break());
                    let label = repeated.label(self.language);
                    pieces.push(Piece::token(PieceKind::Code, Isolate::FirstStrong, label));
                    pieces.push(Piece::wording(": "));
                    pieces.extend(self.value(&repeated.name, value)?);
                }
                pieces
            }
            Value::Route(points) => {
                let mut pieces = Vec::new();
                for (number, point) in (1..).zip(points) {
                    if !pieces.is_empty() {
                        pieces.push(line_break());
                    }
                    pieces.extend([
                        self.number(number),
                        Piece::wording(": "),
                        coordinate(point.at),
                    ]);
                    if let Some(when) = &point.when {
                        pieces.push(self.says(Phrase::Comma));
                        pieces.extend(self.instant(when));
                    }
                }
                pieces
            }
            Value::Instants(instants) => {
                let mut pieces = Vec::new();
                for (number, instant) in (1..).zip(instants) {
                    if !pieces.is_empty() {
                        pieces.push(line_break());
                    }
                    pieces.extend([self.number(number), Piece::wording(": ")]);
                    pieces.extend(self.instant(instant));
                }
                pieces
            }
            Value::Frequency { hertz } => vec![identifier(&signal::frequency(*hertz))],
            Value::Bearing { degrees } => vec![identifier(&signal::bearing(*degrees))],
            Value::Hash(hash) => vec![identifier(&signal::hash(hash))],
            Value::Identifiers(ids) => {
                let mut pieces = Vec::new();
                for id in ids {
                    if !pieces.is_empty() {
                        pieces.push(self.says(Phrase::Comma));
                    }
                    pieces.push(identifier(id));
                }
                pieces
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

    pub(crate) fn missing(&self, phrase: Phrase) -> Piece {
        Piece::token(PieceKind::Missing, Isolate::FirstStrong, phrase.text(self.language))
    }

    fn says(&self, phrase: Phrase) -> Piece {
        Piece::wording(phrase.text(self.language))
    }

    fn number(&self, number: u32) -> Piece {
        let latin = number.to_string();
        Piece {
            kind: PieceKind::Number,
            isolate: Isolate::LeftToRight,
            text: self.language.digits(&latin),
            beside: (!self.language.uses_latin_digits()).then_some(latin),
        }
    }

    /// The number alone, where the sentence says what bounds it.
    fn bare_count(&self, count: Count) -> Vec<Piece> {
        match count {
            Count::Known(n) | Count::AtLeast(n) | Count::AtMost(n) => vec![self.number(n)],
            _ => self.count(count),
        }
    }

    fn count(&self, count: Count) -> Vec<Piece> {
        match count {
            Count::None => vec![
                self.says(Phrase::None),
                Piece::wording(" ("),
                self.number(0),
                Piece::wording(")"),
            ],
            Count::Known(n) => vec![self.number(n)],
            Count::Range { lower, upper } => vec![
                self.says(Phrase::From),
                space(),
                self.number(lower),
                space(),
                self.says(Phrase::To),
                space(),
                self.number(upper),
            ],
            Count::AtLeast(n) => vec![self.says(Phrase::AtLeast), space(), self.number(n)],
            Count::AtMost(n) => vec![self.says(Phrase::AtMost), space(), self.number(n)],
            Count::Unknown => vec![self.missing(Phrase::Unknown)],
        }
    }

    fn claims(&self, claims: &[Claim]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if claims.len() > 1 {
            pieces.push(self.says(Phrase::SeparateClaims));
        }
        for claim in claims {
            if !pieces.is_empty() {
                pieces.push(line_break());
            }
            pieces.extend(self.count(claim.count));
            if claim.count == Count::Unknown && claim.status == ClaimStatus::Reported {
                // That nothing is known needs no standing.
                continue;
            }
            pieces.push(Piece::wording(" ("));
            pieces.push(Piece::wording(phrases::status(claim.status, self.language)));
            pieces.push(Piece::wording(")"));
        }
        pieces
    }

    /// `01:09 local time (Asia/Damascus UTC+03:00), Thursday 7 April 2022; UTC 2022-04-06T22:09Z`.
    fn instant(&self, instant: &Instant) -> Vec<Piece> {
        let clock = if instant.is_utc() { instant.zulu() } else { instant.local() };
        let time = |text: &str| {
            let text = self.language.digits(text);
            Piece::token(PieceKind::Time, Isolate::LeftToRight, text)
        };
        let mut pieces = vec![self.says(Phrase::ClockBefore), time(&clock.time_text()), space()];
        if instant.is_utc() {
            pieces.push(self.says(Phrase::InUtc));
        } else {
            let zone = format!("{} {}", instant.zone(), instant.offset_text());
            pieces.extend([
                self.says(Phrase::LocalTime),
                Piece::wording(" ("),
                Piece::token(PieceKind::Zone, Isolate::LeftToRight, zone),
                Piece::wording(")"),
            ]);
        }
        pieces.extend([
            self.says(Phrase::Comma),
            Piece::wording(phrases::weekday(clock.weekday, self.language)),
            space(),
            time(&clock.day.to_string()),
            space(),
            Piece::wording(phrases::month(clock.month, self.language)),
            space(),
            time(&clock.year.to_string()),
            self.says(Phrase::Semicolon),
        ]);
        if !instant.is_utc() {
            pieces.extend([self.says(Phrase::Zulu), space()]);
        }
        pieces.push(Piece::token(PieceKind::Zulu, Isolate::LeftToRight, instant.zulu_iso()));
        pieces
    }

    fn area(&self, area: &Area) -> Vec<Piece> {
        match area {
            Area::Circle { centre, radius_m } => {
                let mut pieces = vec![self.says(Phrase::Circle), space()];
                pieces.extend(self.distance(*radius_m));
                pieces.extend([self.says(Phrase::Comma), coordinate(*centre)]);
                pieces
            }
            Area::Polygon(corners) => {
                let mut pieces = vec![self.says(Phrase::Polygon), Piece::wording(": ")];
                for (index, corner) in corners.iter().enumerate() {
                    if index > 0 {
                        pieces.push(self.says(Phrase::Semicolon));
                    }
                    pieces.push(coordinate(*corner));
                }
                pieces
            }
        }
    }

    fn distance(&self, metres: u32) -> Vec<Piece> {
        if metres.is_multiple_of(1_000) {
            vec![self.number(metres / 1_000), space(), self.says(Phrase::Kilometres)]
        } else {
            vec![self.number(metres), space(), self.says(Phrase::Metres)]
        }
    }

    fn height(&self, height: Height) -> Vec<Piece> {
        let with_unit = |number: i32, unit, datum| {
            let latin = number.to_string();
            let digits = Piece {
                kind: PieceKind::Number,
                isolate: Isolate::LeftToRight,
                text: self.language.digits(&latin),
                beside: (!self.language.uses_latin_digits()).then_some(latin),
            };
            let datum = Piece::wording(phrases::datum(datum, self.language));
            vec![digits, space(), self.says(unit), space(), datum]
        };
        match height {
            Height::Surface => vec![self.says(Phrase::Surface)],
            Height::Unlimited => vec![self.says(Phrase::Unlimited)],
            Height::Metres(metres, datum) => with_unit(metres, Phrase::Metres, datum),
            Height::Feet(feet, datum) => with_unit(feet, Phrase::Feet, datum),
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
            crate::language::Direction::LeftToRight => Isolate::LeftToRight,
            crate::language::Direction::RightToLeft => Isolate::RightToLeft,
        };
        let words = Piece::token(PieceKind::FreeText, isolate, text.text.clone());
        if text.language == self.language {
            return vec![words];
        }
        vec![
            Piece::wording("["),
            self.says(Phrase::WrittenIn),
            space(),
            Piece::wording(phrases::language_name(text.language, self.language)),
            self.says(Phrase::Comma),
            self.says(Phrase::NotTranslated),
            Piece::wording("] "),
            words,
        ]
    }

    fn item(&self, pieces: &mut Vec<Piece>, phrase: Phrase, number: u8) {
        if !pieces.is_empty() {
            pieces.push(line_break());
        }
        pieces.extend([self.says(phrase), space(), self.number(u32::from(number))]);
        pieces.push(Piece::wording(": "));
    }

    fn answers(&self, field: &str, answers: &[Answer]) -> Painted {
        let mut pieces = Vec::new();
        for answer in answers {
            self.item(&mut pieces, Phrase::Question, answer.question);
            match &answer.reply {
                Reply::Answered(text) => {
                    pieces.extend([self.says(Phrase::Answered), Piece::wording(": ")]);
                    pieces.extend(self.text(text));
                }
                Reply::Part(text) => {
                    pieces.extend([self.says(Phrase::AnsweredInPart), Piece::wording(": ")]);
                    pieces.extend(self.text(text));
                }
                Reply::Declined(reason) => {
                    pieces.extend([self.says(Phrase::Declined), Piece::wording(": ")]);
                    pieces.push(self.code(field, reason)?);
                }
                Reply::StandBy(instant) => {
                    pieces.extend([self.says(Phrase::StandByUntil), space()]);
                    pieces.extend(self.instant(instant));
                }
                Reply::NotOurForces => pieces.push(self.says(Phrase::NotOurForces)),
            }
        }
        Ok(pieces)
    }

    fn terms(&self, terms: &[TermPosition]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for term in terms {
            self.item(&mut pieces, Phrase::Term, term.term);
            pieces.push(Piece::wording(phrases::position(term.position, self.language)));
            if let Some(text) = &term.text {
                pieces.push(Piece::wording(": "));
                pieces.extend(self.text(text));
            }
        }
        pieces
    }
}

fn space() -> Piece {
    Piece::wording(" ")
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
