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
    "service",
    "hail",
    "acknowledge",
    "read-back",
    "activity-exercise",
    "activity-flight",
    "activity-movement",
    "launch-notice",
    "hazard-area",
    "accidental-act",
    "concluded",
    "amend-cancel",
    "protected-site",
    "humanitarian-movement",
    "passage-status",
    "persons",
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
    "meeting",
    "readout",
    "correction",
    "line-status",
    "authority-key",
    "custody",
    "exercise-control",
    "free-text",
    "disclosure",
    "erasure",
];

pub(crate) const GLOSSARY: &str = include_str!("../../../forms/glossary.toml");
pub(crate) const GAZETTEER: &str = include_str!("../../../forms/gazetteer.toml");
