//! Reads Rust source just well enough to tell code from comments, strings and tests.
//!
//! A rule such as "no `todo!`" is about code: a comment or a string that mentions the word breaks
//! nothing. This is no parser; it keeps rows in place so that a finding can name its row.

/// Returns the source with comments and the contents of literals blanked, rows kept in place.
pub(crate) fn code_only(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut previous = ' ';
    while let Some(first) = rest.chars().next() {
        let inside_word = previous.is_alphanumeric() || previous == '_';
        let literal = if rest.starts_with("//") {
            Some(rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            Some(block_comment(rest))
        } else if inside_word {
            None
        } else {
            raw_string(rest).or_else(|| quoted(rest))
        };
        // A quote right after a word closes nothing and opens a string only as in `b"…"`, which
        // the prefix rules already took; a plain quote is a literal wherever it stands.
        let literal = literal.or_else(|| (first == '"').then(|| quoted(rest)).flatten());
        match literal {
            Some(length) => {
                let (skipped, after) = rest.split_at(length);
                out.push(' ');
                out.extend(skipped.chars().filter(|c| *c == '\n'));
                previous = ' ';
                rest = after;
            }
            None => {
                out.push(first);
                previous = first;
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// Returns the code before the file's first test module. House rule: tests come last in a file.
pub(crate) fn without_tests(code: &str) -> &str {
    let mut start = 0;
    let mut gate = None;
    for row in code.split_inclusive('\n') {
        let text = row.trim();
        match gate {
            None if text.starts_with("#[cfg(test)]") => gate = Some(start),
            Some(at) if is_test_module(text) => return code.get(..at).unwrap_or(code),
            // Other attributes may stand between the gate and what it gates.
            Some(_) if text.is_empty() || text.starts_with("#[") => {}
            _ => gate = None,
        }
        start += row.len();
    }
    code
}

fn is_test_module(row: &str) -> bool {
    row.starts_with("mod ") && row.ends_with('{')
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Length of a raw string such as `r#"…"#` at the start of `rest`.
fn raw_string(rest: &str) -> Option<usize> {
    let body = ["r", "br", "cr"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix).filter(|tail| tail.starts_with(['#', '"'])))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let inside = body.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let prefix = rest.len() - inside.len();
    Some(inside.find(&end).map_or(rest.len(), |at| prefix + at + end.len()))
}

/// Length of a string, byte string, or character literal at the start of `rest`.
fn quoted(rest: &str) -> Option<usize> {
    let prefix = usize::from(rest.starts_with(['b', 'c']));
    let body = rest.get(prefix..)?;
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut characters = body.char_indices().skip(1);
    if quote == '\'' {
        // `'a` is a lifetime unless a quote follows one character or one escape.
        let (_, first) = characters.next()?;
        if first != '\\' {
            let (end, close) = characters.next()?;
            return (close == '\'').then_some(prefix + end + 1);
        }
        characters.next();
    }
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return Some(prefix + at + 1);
        }
    }
    Some(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_rows_stay() {
        let source =
            "a(); // todo!()\n/* x /* y */ todo!() */ b();\nlet s = \"todo!() \\\" \";\nc();";
        let code = code_only(source);
        assert!(!code.contains("todo!"), "{code}");
        assert!(code.contains("a();") && code.contains("b();"));
        assert_eq!(code.lines().nth(3), Some("c();"));
    }

    #[test]
    fn raw_and_byte_strings_and_characters_are_literals_and_lifetimes_are_not() {
        let code = code_only(
            "f(r#\"todo!(\"x\")\"#, b\"todo!\", '\"', '\\'', b'x'); fn g<'a>(x: &'a str) { todo!() }",
        );
        assert_eq!(code.matches("todo!").count(), 1, "{code}");
        assert!(code.contains("<'a>"), "{code}");
    }

    #[test]
    fn a_string_over_rows_keeps_the_count_of_rows() {
        assert_eq!(code_only("\"a\nb\"\nc").lines().count(), 3);
    }

    #[test]
    fn the_test_module_and_what_follows_is_cut_off() {
        let code = "fn a() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn b() {}\n}\n";
        assert_eq!(without_tests(code), "fn a() {}\n");
    }

    #[test]
    fn a_gated_item_that_is_no_module_does_not_hide_the_rest() {
        let code = "#[cfg(test)]\nuse x;\nfn a() {}\n";
        assert_eq!(without_tests(code), code);
        let outside = "#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(without_tests(outside), outside);
    }
}
