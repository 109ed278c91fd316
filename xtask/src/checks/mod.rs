//! The tree tests: each holds one house rule against the files of the repository.

mod alarms;
mod code;
mod forms;
mod links;
mod manifests;
mod pairs;
mod places;
mod pure;
mod readme;
mod spec;
pub(crate) mod vectors;

use crate::tree::{Finding, Tree};

pub(crate) use pure::{BARE_CRATES, carried_in};
pub(crate) use readme::commands as readme_commands;
pub(crate) use readme::help_lacks;

/// One house rule that can be checked from the files alone.
pub(crate) struct Check {
    /// The rule, as a statement that holds when nothing is found.
    pub(crate) rule: &'static str,
    /// Returns what breaks the rule.
    pub(crate) run: fn(&Tree) -> Vec<Finding>,
}

/// Every rule, in the order in which they are shown.
pub(crate) const ALL: &[Check] = &[
    Check { rule: "crates use each other only along the arrows", run: manifests::arrows },
    Check { rule: "manifests take everything from the workspace", run: manifests::workspace },
    Check {
        rule: "leaves and engine have no clock, no files, no unordered maps",
        run: pure::sources,
    },
    Check { rule: "leaves and engine carry their own clippy.toml", run: pure::clippy_settings },
    Check { rule: "nothing is left undone or switched off", run: code::unfinished },
    Check { rule: "libraries never print", run: code::prints },
    Check { rule: "files stay short", run: code::lengths },
    Check { rule: "every form is complete in every language", run: forms::languages },
    Check { rule: "every vector has its header", run: vectors::headers },
    Check { rule: "every vector is loaded by a test", run: vectors::loaded },
    Check { rule: "every scenario has its document", run: pairs::scenarios },
    Check { rule: "every fuzz target is declared", run: pairs::fuzz_targets },
    Check { rule: "every section of a specification that is cited exists", run: spec::citations },
    Check { rule: "every alarm says what to do", run: alarms::paragraphs },
    Check { rule: "links between pages resolve", run: links::resolve },
    Check { rule: "the README names the two commands and real files", run: readme::files },
    Check { rule: "nothing names one machine or a registry's host", run: places::named },
];
