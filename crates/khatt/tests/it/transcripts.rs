//! Transcripts of commands that need no post: what they print, letter by letter.

#[test]
fn transcripts_hold() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
