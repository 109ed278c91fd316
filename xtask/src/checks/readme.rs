//! What the README tells a newcomer to type can be typed.

use crate::tree::{Finding, Tree};

const PAGE: &str = "README.md";

/// The two commands by which everything else is reached.
const TWO: &[&str] = &["cargo run --release -- rehearse", "./test"];

/// Ways in which a row of the README calls the command.
const CALLS: &[&str] = &["khatt ", "cargo run --release -- "];

/// Finds the two commands missing, and scripts named that do not exist.
pub(crate) fn files(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(PAGE) else {
        return vec![Finding::fault(PAGE, "is missing")];
    };
    let typed = typed(text);
    let mut findings = Vec::new();
    for two in TWO.iter().filter(|two| !typed.iter().any(|(_, row)| row.starts_with(*two))) {
        findings.push(Finding::fault(PAGE, format!("does not say `{two}`")));
    }
    for (index, row) in &typed {
        let script = row.split_whitespace().next().and_then(|word| word.strip_prefix("./"));
        if let Some(script) = script.filter(|script| !tree.has(script)) {
            let what = format!("{script} does not exist");
            findings.push(Finding::fault(PAGE, what).at(*index));
        }
    }
    findings
}

/// Returns the argument lists with which the README calls `khatt`.
pub(crate) fn commands(tree: &Tree) -> Vec<Vec<String>> {
    let Some(text) = tree.text(PAGE) else {
        return Vec::new();
    };
    typed(text)
        .iter()
        .filter_map(|(_, row)| CALLS.iter().find_map(|call| row.strip_prefix(call)))
        .map(words)
        .collect()
}

/// Judges what the command answered to the arguments with `--help` behind them.
pub(crate) fn help_lacks(arguments: &[String], accepted: bool, shown: &str) -> Option<Finding> {
    // A command that does nothing also ends well; help that shows no usage is none.
    if accepted && shown.contains("Usage") {
        return None;
    }
    Some(Finding::fault(PAGE, format!("`khatt {}` is no command", arguments.join(" "))))
}

/// Rows of fenced blocks with their index, continued rows joined, prompts and comments cut off.
fn typed(page: &str) -> Vec<(usize, String)> {
    let mut rows: Vec<(usize, String)> = Vec::new();
    let mut fenced = false;
    let mut continued = false;
    for (index, row) in page.lines().enumerate() {
        if row.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if !fenced {
            continue;
        }
        let text = row.trim().trim_start_matches("$ ");
        let text = text.split_once(" #").map_or(text, |(before, _)| before.trim_end());
        let (text, more) = match text.strip_suffix('\\') {
            Some(head) => (head.trim_end(), true),
            None => (text, false),
        };
        match rows.last_mut().filter(|_| continued) {
            Some((_, last)) => {
                last.push(' ');
                last.push_str(text);
            }
            None => rows.push((index, text.to_owned())),
        }
        continued = more;
    }
    rows
}

/// Splits a row as a shell would, as far as quotes go; ends at a pipe, redirection or `&`.
fn words(row: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut open = false;
    let mut quote = None;
    for c in row.chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some(_), c) => word.push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                open = true;
            }
            (None, '|' | '>' | '&' | ';') => break,
            (None, c) if c.is_whitespace() => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            (None, c) => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "```sh\ncargo run --release -- rehearse\n./test\n```\n";

    #[test]
    fn the_two_commands_and_the_scripts_must_be_there() {
        assert_eq!(files(&Tree::of(&[(PAGE, GOOD), ("test", "")])), []);
        assert_eq!(files(&Tree::of(&[(PAGE, GOOD)])).len(), 1);
        let one = GOOD.replace("./test\n", "");
        assert_eq!(files(&Tree::of(&[(PAGE, &one), ("test", "")])).len(), 1);
        assert_eq!(files(&Tree::of(&[])).len(), 1);
    }

    #[test]
    fn commands_are_split_as_a_shell_would() {
        let page = "khatt outside\n```sh\n$ khatt draft new south --set 'count=3 to 5' \\\n  --json | x\n\
            khatt post run north &   # in the background\n```\n";
        let commands = commands(&Tree::of(&[(PAGE, page)]));
        let expected: Vec<Vec<&str>> = vec![
            vec!["draft", "new", "south", "--set", "count=3 to 5", "--json"],
            vec!["post", "run", "north"],
        ];
        assert_eq!(commands, expected);
    }

    #[test]
    fn a_command_that_is_refused_or_shows_no_usage_is_found() {
        let arguments = ["radio".to_owned()];
        assert!(help_lacks(&arguments, false, "error").is_some());
        assert!(help_lacks(&arguments, true, "").is_some());
        assert!(help_lacks(&arguments, true, "Usage: khatt radio").is_none());
    }
}
