//! The files that ship: every form, the glossary and the gazetteer, as they lie in `forms/`.

macro_rules! forms {
    ($($name:literal),* $(,)?) => {
        [$((concat!($name, ".toml"), include_str!(concat!("../../../forms/", $name, ".toml")))),*]
    };
}

/// Form files by name.
pub(crate) static FORMS: &[(&str, &str)] = &forms![
    "line-test",
    "line-test-reply",
    "acknowledge",
    "read-back",
    "hazard-area",
    "concluded",
    "amend-cancel",
    "incident-initial",
    "incident-update",
    "incident-other-account",
    "clarification-request",
    "clarification-response",
    "warning",
    "demand",
    "assurance",
    "assurance-refused",
    "proposal",
    "proposal-accept",
    "proposal-decline",
    "readout",
    "correction",
    "free-text",
];

pub(crate) const GLOSSARY: &str = include_str!("../../../forms/glossary.toml");
pub(crate) const GAZETTEER: &str = include_str!("../../../forms/gazetteer.toml");
