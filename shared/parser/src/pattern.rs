//! Regular expressions of the dialects.

use regex::Regex;

/// Compiles a constant pattern in which `\d` and `\s` mean ASCII's digits and blanks: tools print no
/// others, and Unicode's make an automaton many times as large, which every capture pays for.
#[expect(
    clippy::unwrap_used,
    reason = "constant patterns, compiled by the tests of their dialects"
)]
pub(crate) fn pattern(text: &'static str) -> Regex {
    Regex::new(&text.replace(r"\d", "[0-9]").replace(r"\s", r"[\t-\r ]")).unwrap()
}
