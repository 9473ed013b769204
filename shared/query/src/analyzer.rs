//! The one text analyzer: what a word is, in the documents' index, in a search term and in memory.
//!
//! A token is a longest run of letters, decimal digits (general categories `L*` and `Nd` of Unicode
//! 15.0), `_`, `.` and `-`, without leading or trailing `.` and `-`, lower-cased one scalar value to
//! one, of 3 to 256 scalar values. Shorter and longer runs are dropped but keep their place, so that
//! the phrase `out of memory` does not find `out memory`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};
use serde_json::{Value, json};

/// The analyzer's name in index settings and mappings.
pub const NAME: &str = "logmill";
/// The shortest token, in Unicode scalar values.
pub const MIN_CHARS: usize = 3;
/// The longest token, in Unicode scalar values.
pub const MAX_CHARS: usize = 256;

/// A word of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token<'a> {
    /// The word, lower-cased; borrowed where the text was in lower case already.
    pub text: Cow<'a, str>,
    /// Where it begins in the text, in bytes.
    pub start: usize,
    /// Where it ends in the text, in bytes.
    pub end: usize,
    /// Which run of the text it is, from 0; dropped runs are counted too.
    pub position: usize,
}

/// The tokens of `text`, in their order. Costs one pass over the text; allocates only for words that
/// hold a capital letter.
pub fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    Tokens { text, at: 0, position: 0 }
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
    position: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let run = self.next_run()?;
            let position = self.position;
            self.position += 1;
            // A char takes at most four bytes, so most lengths are known without counting.
            let word = &self.text[run.clone()];
            if word.len() > MAX_CHARS * 4 {
                continue;
            }
            if (MIN_CHARS..=MAX_CHARS).contains(&word.chars().count()) {
                return Some(Token { text: lower(word), start: run.start, end: run.end, position });
            }
        }
    }
}

impl Tokens<'_> {
    /// The next run's range without its leading and trailing `.` and `-`; never empty.
    fn next_run(&mut self) -> Option<std::ops::Range<usize>> {
        let (mut start, mut end) = (None, self.at);
        let rest = &self.text[self.at..];
        for (offset, char) in rest.char_indices() {
            let at = self.at + offset;
            if is_core(char) {
                start.get_or_insert(at);
                end = at + char.len_utf8();
            } else if char != '.'
                && char != '-'
                && let Some(start) = start
            {
                self.at = at;
                return Some(start..end);
            }
        }
        self.at = self.text.len();
        start.map(|start| start..end)
    }
}

/// Whether a token may begin and end with `char`: a letter, a decimal digit or `_`.
fn is_core(char: char) -> bool {
    if char.is_ascii() {
        return char.is_ascii_alphanumeric() || char == '_';
    }
    LETTERS_AND_DIGITS
        .binary_search_by(|&(first, last)| {
            if last < char {
                std::cmp::Ordering::Less
            } else if first > char {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}

/// `word` in lower case, char by char.
fn lower(word: &str) -> Cow<'_, str> {
    if word.chars().all(|char| lower_char(char) == char) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.chars().map(lower_char).collect())
    }
}

/// The simple lower-case mapping. `İ` is the only one whose full mapping has two chars.
fn lower_char(char: char) -> char {
    if char.is_ascii() {
        return char.to_ascii_lowercase();
    }
    let mut mapped = char.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ if char == 'İ' => 'i',
        _ => char,
    }
}

/// Letters and decimal digits of Unicode 15.0, as ranges in their order.
static LETTERS_AND_DIGITS: LazyLock<Vec<(char, char)>> =
    LazyLock::new(|| class(r"[\p{L}\p{Nd}&&\p{age:15.0}]"));

/// The ranges of a character class, empty for what is none.
fn class(pattern: &str) -> Vec<(char, char)> {
    match regex_syntax::parse(pattern).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            class.iter().map(|range| (range.start(), range.end())).collect()
        }
        _ => Vec::new(),
    }
}

/// The `analysis` section of index settings that makes OpenSearch cut texts the same way; the
/// analyzer is called [`NAME`].
///
/// Java knows letters by the Unicode version of its JDK, so those assigned after 15.0 are taken out
/// by name, as far as `regex-syntax` knows them (Unicode 16); a JDK with a later Unicode will index
/// its additional letters until that list grows. OpenSearch's `lowercase` filter maps char to char as
/// we do; its `length` filter counts UTF-16 units, so that runs of a wrong length are emptied by a
/// pattern, which counts scalar values, and only then dropped.
#[must_use]
pub fn opensearch_settings() -> Value {
    let mut later = String::new();
    for (first, last) in class(r"[\p{L}\p{Nd}&&[^\p{age:15.0}]]") {
        // Writing to a text cannot fail.
        let _ = write!(later, r"\x{{{:X}}}-\x{{{:X}}}", u32::from(first), u32::from(last));
    }
    let core = format!(r"[[\p{{L}}\p{{Nd}}_]&&[^{later}]]");
    let any = format!(r"[[\p{{L}}\p{{Nd}}_.\-]&&[^{later}]]");
    let wrong = format!("^(?:.{{1,{}}}|.{{{},}})$", MIN_CHARS - 1, MAX_CHARS + 1);
    json!({
        "analyzer": {
            NAME: {
                "type": "custom",
                "tokenizer": "logmill_runs",
                "filter": ["lowercase", "logmill_empty_wrong_lengths", "logmill_drop_empty"],
            }
        },
        "tokenizer": {
            "logmill_runs": { "type": "pattern", "pattern": format!("{core}(?:{any}*{core})?"), "group": 0 }
        },
        "filter": {
            "logmill_empty_wrong_lengths": { "type": "pattern_replace", "pattern": wrong, "replacement": "" },
            "logmill_drop_empty": { "type": "length", "min": 1 },
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).map(|token| token.text.into_owned()).collect()
    }

    #[test]
    fn names_paths_and_versions_are_found_as_people_type_them() {
        assert_eq!(words("error[E0308]: src/main.rs:12"), ["error", "e0308", "src", "main.rs"]);
        assert_eq!(
            words("--no-verify ...maybe... v1.2.3-rc.1"),
            ["no-verify", "maybe", "v1.2.3-rc.1"]
        );
        assert_eq!(words("FOO_BAR=1 ÄRGER Straße"), ["foo_bar", "ärger", "straße"]);
        assert_eq!(words("İstanbul"), ["istanbul"]);
    }

    #[test]
    fn short_and_endless_runs_are_dropped_but_keep_their_place() {
        let text = format!("out of {} memory -- ok", "x".repeat(257));
        let found: Vec<_> = tokens(&text).map(|t| (t.text.into_owned(), t.position)).collect();
        assert_eq!(found, [("out".to_owned(), 0), ("memory".to_owned(), 3)]);
        assert_eq!(words(&"y".repeat(256)).len(), 1);
        assert_eq!(words(&"ü".repeat(256)).len(), 1);
        assert!(words("𐐀𐐀").is_empty(), "two scalar values, though four UTF-16 units");
    }

    #[test]
    fn letters_are_those_of_unicode_15() {
        let count: u32 =
            LETTERS_AND_DIGITS.iter().map(|&(a, b)| u32::from(b) - u32::from(a) + 1).sum();
        assert_eq!(count, 136_104 + 680, "letters and decimal digits of Unicode 15.0");
        assert!(is_core('\u{31350}'), "assigned in 15.0");
        assert!(!is_core('\u{2EBF0}'), "assigned in 15.1");
        assert!(!is_core('\u{0301}'), "a mark is no letter");
    }

    proptest! {
        #[test]
        fn a_token_is_found_by_its_own_text(text in "(?s).{0,80}") {
            for token in tokens(&text) {
                let again: Vec<_> = words(&token.text);
                prop_assert_eq!(again, vec![token.text.clone().into_owned()]);
                prop_assert_eq!(lower(&text[token.start..token.end]), token.text);
            }
        }

        #[test]
        fn tokens_are_in_order_and_trimmed(text in "[a-zA-ZÄß0-9 ._\\-/]{0,60}") {
            let (mut end, mut position) = (0, None);
            for token in tokens(&text) {
                prop_assert!(token.start >= end && Some(token.position) > position);
                prop_assert!(!token.text.starts_with(['.', '-']) && !token.text.ends_with(['.', '-']));
                let next = text[token.end..].trim_start_matches(['.', '-']).chars().next();
                prop_assert!(next.is_none_or(|char| !is_core(char)), "the run goes on");
                (end, position) = (token.end, Some(token.position));
            }
        }
    }
}
