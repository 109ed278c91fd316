//! What is wrong with what an officer typed: one fault per field, with a stable code.

use thiserror::Error;

use crate::identifier::IdentifierError;
use crate::language::Language;
use crate::text::TextError;

/// One fault in one field.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("local input in {field}: {fault}")]
pub struct InputError {
    /// Name of the field as the form has it, or `form`.
    pub field: String,
    /// What is wrong.
    pub fault: InputFault,
}

/// What is wrong with an input. Typed text is never repeated here.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InputFault {
    /// No form has this name.
    #[error("no such form; the nearest is {nearest}")]
    UnknownForm {
        /// The name that comes nearest.
        nearest: String,
    },
    /// The form has no such field.
    #[error("no such field; the nearest is {nearest}")]
    UnknownField {
        /// The name that comes nearest.
        nearest: String,
    },
    /// The field is given twice.
    #[error("given twice")]
    Twice,
    /// A required field is missing.
    #[error("required and missing")]
    Missing,
    /// The value is not of the field's kind.
    #[error("expected a value of kind {expected}")]
    WrongKind {
        /// The kind.
        expected: &'static str,
    },
    /// `unknown` may not stand in this field.
    #[error("unknown is not allowed here")]
    UnknownNotAllowed,
    /// The filled form is not of the form it is checked against.
    #[error("filled for form {0}")]
    OtherForm(crate::value::FormId),
    /// Not a count.
    #[error("not a count")]
    Count,
    /// Not an ISO date and time.
    #[error("not an ISO date and time")]
    TimeMalformed,
    /// A relative word such as "tonight".
    #[error("a relative time")]
    TimeRelative,
    /// A local time without its zone.
    #[error("a local time without its zone")]
    TimeZoneMissing,
    /// A zone that is not known.
    #[error("an unknown time zone")]
    TimeZoneUnknown,
    /// A time the clocks skipped.
    #[error("a local time that did not exist")]
    TimeImpossible,
    /// A time the clocks showed twice.
    #[error("a local time that came twice")]
    TimeAmbiguous,
    /// The offset contradicts the zone.
    #[error("an offset that the zone did not have then")]
    TimeOffset,
    /// A date of another calendar.
    #[error("a date that looks like another calendar's")]
    TimeCalendar,
    /// Outside 1970 to 2199.
    #[error("a time outside 1970 to 2199")]
    TimeBounds,
    /// A window that ends before it starts.
    #[error("a window that does not end after it starts")]
    WindowOrder,
    /// Not a coordinate.
    #[error("not a coordinate")]
    Coordinate,
    /// Two numbers with a comma between them.
    #[error("a comma pair")]
    CoordinateComma,
    /// Latitude over 90 or longitude over 180 degrees.
    #[error("a coordinate out of bounds")]
    CoordinateBounds,
    /// Latitude and longitude look exchanged.
    #[error("latitude and longitude look exchanged; exchanged, the point is near {near}")]
    CoordinateSwapped {
        /// The place that the exchanged point is near.
        near: String,
    },
    /// Not an area.
    #[error("not an area")]
    Area,
    /// Not a band of heights.
    #[error("not a band of heights")]
    Heights,
    /// Not a distance.
    #[error("not a distance")]
    Distance,
    /// Not a route.
    #[error("not a route")]
    Route,
    /// Not a frequency with its unit.
    #[error("not a frequency")]
    Frequency,
    /// Not a bearing from true north.
    #[error("not a true bearing")]
    Bearing,
    /// Not a SHA-256 hash.
    #[error("not a hash")]
    Hash,
    /// Not one of the field's codes.
    #[error("not one of: {allowed}")]
    UnknownCode {
        /// The codes, with commas.
        allowed: String,
    },
    /// A spelling that no place has.
    #[error("no such place in the gazetteer")]
    PlaceUnknown,
    /// A spelling that no place has, though some come near.
    #[error("no place has this spelling; near to it are {candidates}")]
    PlaceUncertain {
        /// Identities and names of the places that come near, with commas.
        candidates: String,
    },
    /// A spelling that several places have.
    #[error("several places have this name: {candidates}")]
    PlaceAmbiguous {
        /// Their identities, with commas.
        candidates: String,
    },
    /// Coordinates too far from the place named with them.
    #[error("the coordinates are {km} km from the place named")]
    PlaceFar {
        /// How far.
        km: u32,
    },
    /// Not a serial or call sign.
    #[error("not a serial")]
    Identifier,
    /// Not a numbered list of the kind the field wants.
    #[error("not a numbered list")]
    List,
    /// Not fields of a form said again.
    #[error("not fields of a form said again")]
    Repeated,
    /// Too much free text for a FLASH message.
    #[error(
        "{chars} characters of free text, at most {} in a FLASH message",
        crate::text::MAX_FLASH_CHARS
    )]
    FlashTooLong {
        /// Characters there.
        chars: usize,
    },
    /// The message would not fit its size limit.
    #[error("{bytes} bytes, more than a message may have")]
    TooLarge {
        /// Bytes there.
        bytes: usize,
    },
    /// A row of a sheet without number, six check digits and a value, or of no field.
    #[error("not a row of a sheet")]
    SheetRow,
    /// A row that is not what its check digits say.
    #[error("the row does not agree with its check digits")]
    SheetCheck,
    /// A sheet that does not come to the digest of its last row.
    #[error("the sheet does not come to its digest")]
    SheetEnd,
    /// A sheet whose first row is missing, or of a form or language that is not known.
    #[error("no form and languages that are known in the first row")]
    SheetForm,
    /// Values that paper would not bring back.
    #[error("would not be read back from paper as it is")]
    SheetUnreadable,
    /// Text that is refused.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A new name that is refused.
    #[error(transparent)]
    Name(#[from] IdentifierError),
}

impl InputError {
    /// Returns the fault in a field.
    pub(crate) fn new(field: &str, fault: impl Into<InputFault>) -> InputError {
        InputError { field: field.to_owned(), fault: fault.into() }
    }

    /// Stable code, for example `KF-1203`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.fault.code()
    }

    /// What is wrong and what to do, in a language, with the field named.
    #[must_use]
    pub fn explain(&self, language: Language) -> (String, String) {
        let fill = |text: &str| {
            text.replace("{field}", &self.field).replace("{detail}", &self.fault.detail())
        };
        let (message, advice) = crate::messages::text(self.code(), language).unwrap_or_default();
        (fill(message), fill(advice))
    }
}

impl InputFault {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            InputFault::UnknownForm { .. } => "KF-1201",
            InputFault::UnknownField { .. } => "KF-1202",
            InputFault::Twice => "KF-1203",
            InputFault::Missing => "KF-1204",
            InputFault::WrongKind { .. } => "KF-1205",
            InputFault::UnknownNotAllowed => "KF-1206",
            InputFault::OtherForm(_) => "KF-1207",
            InputFault::Count => "KF-1210",
            InputFault::TimeMalformed => "KF-1220",
            InputFault::TimeRelative => "KF-1221",
            InputFault::TimeZoneMissing => "KF-1222",
            InputFault::TimeZoneUnknown => "KF-1223",
            InputFault::TimeImpossible => "KF-1224",
            InputFault::TimeAmbiguous => "KF-1225",
            InputFault::TimeOffset => "KF-1226",
            InputFault::TimeCalendar => "KF-1227",
            InputFault::TimeBounds => "KF-1228",
            InputFault::WindowOrder => "KF-1229",
            InputFault::Coordinate => "KF-1230",
            InputFault::CoordinateComma => "KF-1231",
            InputFault::CoordinateBounds => "KF-1232",
            InputFault::CoordinateSwapped { .. } => "KF-1233",
            InputFault::Area => "KF-1234",
            InputFault::Heights => "KF-1235",
            InputFault::Distance => "KF-1236",
            InputFault::Route => "KF-1237",
            InputFault::Frequency => "KF-1238",
            InputFault::Bearing => "KF-1239",
            InputFault::UnknownCode { .. } => "KF-1240",
            InputFault::PlaceUnknown => "KF-1241",
            InputFault::PlaceAmbiguous { .. } => "KF-1242",
            InputFault::PlaceFar { .. } => "KF-1243",
            InputFault::Identifier => "KF-1244",
            InputFault::List => "KF-1245",
            InputFault::Repeated => "KF-1246",
            InputFault::Hash => "KF-1247",
            InputFault::PlaceUncertain { .. } => "KF-1248",
            InputFault::FlashTooLong { .. } => "KF-1250",
            InputFault::TooLarge { .. } => "KF-1251",
            InputFault::SheetRow => "KF-1260",
            InputFault::SheetCheck => "KF-1261",
            InputFault::SheetEnd => "KF-1262",
            InputFault::SheetForm => "KF-1263",
            InputFault::SheetUnreadable => "KF-1264",
            InputFault::Text(error) => error.code(),
            InputFault::Name(error) => error.code(),
        }
    }

    fn detail(&self) -> String {
        match self {
            InputFault::UnknownForm { nearest } | InputFault::UnknownField { nearest } => {
                nearest.clone()
            }
            InputFault::WrongKind { expected } => (*expected).to_owned(),
            InputFault::OtherForm(id) => id.to_string(),
            InputFault::CoordinateSwapped { near } => near.clone(),
            InputFault::UnknownCode { allowed } => allowed.clone(),
            InputFault::PlaceAmbiguous { candidates }
            | InputFault::PlaceUncertain { candidates } => candidates.clone(),
            InputFault::PlaceFar { km } => km.to_string(),
            InputFault::FlashTooLong { chars } => {
                format!("{chars} > {}", crate::text::MAX_FLASH_CHARS)
            }
            InputFault::TooLarge { bytes } => bytes.to_string(),
            InputFault::Text(error) => error.detail(),
            InputFault::Name(IdentifierError::LocalLookAlike(other)) => other.clone(),
            _ => String::new(),
        }
    }
}
