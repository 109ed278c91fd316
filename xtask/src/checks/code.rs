//! Rules that hold for Rust sources in every crate.

use crate::rust_source::{code_only, without_tests};
use crate::tree::{Finding, Tree, test_files};

/// Rows above which a file is shown, and above which it fails.
const LONG_ROWS: usize = 400;
const TOO_LONG_ROWS: usize = 600;

/// Code that says that work is missing, or that a test does not run.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "#[ignore"];

const PRINTS: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!"];

/// The crates whose work is to speak to a person or to another program.
const SPEAKING_CRATES: &[&str] = &["khatt", "khatt-verify", "khatt-sim"];

/// Finds code left undone and tests switched off.
pub(crate) fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts(".rs") {
        for (index, row) in code_only(text).lines().enumerate() {
            for mark in UNFINISHED.iter().filter(|mark| row.contains(*mark)) {
                if text.lines().nth(index).is_some_and(|row| is_child(row, text)) {
                    continue;
                }
                findings.push(Finding::fault(path, format!("`{mark}` in code")).at(index));
            }
        }
        // Marks of unfinished work live in comments too.
        for (index, row) in text.lines().enumerate() {
            let comment = row.trim_start().strip_prefix("//").map(str::trim_start);
            let marked = comment.is_some_and(|comment| {
                ["TODO", "FIXME", "XXX", "HACK"].iter().any(|mark| comment.starts_with(mark))
            });
            if marked {
                findings.push(Finding::fault(path, "a comment leaves work undone").at(index));
            }
        }
    }
    findings
}

/// Says whether an ignored test is no test but a process that a test of the same file starts.
fn is_child(row: &str, text: &str) -> bool {
    row.split_once("#[ignore = \"child process of ")
        .and_then(|(_, reason)| reason.split_once('"'))
        .is_some_and(|(parent, _)| text.contains(&format!("fn {parent}(")))
}

/// Finds printing in libraries.
pub(crate) fn prints(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tests = test_files(tree);
    for (path, text) in tree.texts(".rs") {
        let Some((name, file)) = path.strip_prefix("crates/").and_then(|at| at.split_once('/'))
        else {
            continue;
        };
        if SPEAKING_CRATES.contains(&name) || !file.starts_with("src/") || tests.contains(path) {
            continue;
        }
        let code = code_only(text);
        for (index, row) in without_tests(&code).lines().enumerate() {
            if let Some(call) = PRINTS.iter().find(|call| row.contains(*call)) {
                findings.push(Finding::fault(path, format!("`{call}` in a library")).at(index));
            }
        }
    }
    findings
}

/// Remarks on files over 400 rows, and fails files over 600 rows that are not tests.
pub(crate) fn lengths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tests = test_files(tree);
    for (path, text) in tree.texts(".rs") {
        let rows = text.lines().count();
        let what = format!("{rows} rows; a file holds one idea in 200 to 300");
        if rows > TOO_LONG_ROWS && !tests.contains(path) {
            findings.push(Finding::fault(path, what));
        } else if rows > LONG_ROWS {
            findings.push(Finding::remark(path, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Weight;

    #[test]
    fn each_mark_of_unfinished_work_is_found_in_code() {
        for mark in UNFINISHED {
            let tree = Tree::of(&[("crates/khatt/src/a.rs", &format!("{mark} x\n"))]);
            assert_eq!(unfinished(&tree).len(), 1, "{mark}");
        }
        let tree = Tree::of(&[("a.rs", "// TODO later\n")]);
        assert_eq!(unfinished(&tree).len(), 1);
        assert_eq!(unfinished(&Tree::of(&[("a.rs", "f(\"todo!\"); // says todo!()\n")])), []);
    }

    #[test]
    fn a_library_that_prints_is_found_and_a_command_may() {
        let row = "println!(\"x\");\n";
        assert_eq!(prints(&Tree::of(&[("crates/khatt-net/src/lib.rs", row)])).len(), 1);
        assert_eq!(prints(&Tree::of(&[("crates/khatt/src/main.rs", row)])), []);
        assert_eq!(prints(&Tree::of(&[("crates/khatt-net/examples/echo.rs", row)])), []);
    }

    #[test]
    fn a_long_file_is_remarked_and_a_very_long_one_fails_unless_it_is_a_test() {
        let weigh = |path: &str, rows: usize| {
            let tree = Tree::of(&[(path, &"x\n".repeat(rows))]);
            lengths(&tree).first().map(|finding| finding.weight)
        };
        assert_eq!(weigh("crates/khatt/src/a.rs", LONG_ROWS), None);
        assert_eq!(weigh("crates/khatt/src/a.rs", LONG_ROWS + 1), Some(Weight::Remark));
        assert_eq!(weigh("crates/khatt/src/a.rs", TOO_LONG_ROWS + 1), Some(Weight::Fault));
        assert_eq!(weigh("crates/khatt/src/a/tests.rs", 2000), Some(Weight::Remark));
    }
}
