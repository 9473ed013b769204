//! The level that a line states about itself.

use logmill_model::Level;

/// What the prefilter looks for: every level name in capitals, and the lower-case forms that
/// compilers, npm and structured logs write.
pub(crate) const LITERALS: [&str; 17] = [
    "TRACE",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARN",
    "ERROR",
    "SEVERE",
    "FATAL",
    "CRITICAL",
    "error",
    "warning",
    "fatal",
    "level=",
    "\"level\"",
    "Error:",
    "Warning:",
    "Fatal:",
];
/// A level stands near the beginning of its line.
const WITHIN: usize = 120;

/// Reads the level at `at`, where one of [`LITERALS`] was found in `text`.
pub(crate) fn at(text: &str, at: usize) -> Option<Level> {
    let bytes = text.as_bytes();
    if at > WITHIN || (at > 0 && is_word(bytes[at - 1])) {
        return None;
    }
    let at = at + usize::from(bytes[at] == b'"');
    let word = word_at(text, at);
    if word == "level" {
        let value = text[at + word.len()..].trim_start_matches(['"', '=', ':', ' ', '\'']);
        return Level::from_word(word_at(value, 0));
    }
    if word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        // `ERROR_CODE` and `INFO.txt` are names.
        let after = bytes.get(at + word.len());
        let named = matches!(after, Some(b'_' | b'-'))
            || (after == Some(&b'.')
                && bytes.get(at + word.len() + 1).is_some_and(|b| is_word(*b)));
        return if named { None } else { Level::from_word(word) };
    }
    // In small letters only where a tool speaks of itself: `error: …`, `error[E0308]: …`,
    // `a.c:1:2: warning: …`, `[error] …`.
    let (before, after) = (&text[..at], &text[at + word.len()..]);
    let begins = before.is_empty()
        || before.ends_with(": ")
        || before.ends_with('[')
        || before.trim_end().len() < before.len() && before.trim().is_empty();
    (begins && after.starts_with([':', '[', ']'])).then(|| Level::from_word(word)).flatten()
}

fn word_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    let end = rest.bytes().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
    &rest[..end]
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(text: &str) -> Option<Level> {
        (0..text.len())
            .filter(|&i| LITERALS.iter().any(|word| text[i..].starts_with(word)))
            .find_map(|i| at(text, i))
    }

    #[test]
    fn a_line_has_the_level_that_it_states() {
        let cases = [
            ("[ERROR] COMPILATION ERROR", Level::Error),
            ("2026-01-01 10:00:00,000 WARN  o.h.X - slow", Level::Warn),
            ("error[E0308]: mismatched types", Level::Error),
            ("src/a.c:3:5: warning: unused", Level::Warn),
            ("time=x level=info msg=y", Level::Info),
            ("{\"level\":\"fatal\",\"msg\":1}", Level::Fatal),
            ("[2026-01-01] app.CRITICAL: no", Level::Fatal),
            ("    error: no such file", Level::Error),
        ];
        for (text, expected) in cases {
            assert_eq!(level(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_word_is_not_a_level() {
        for text in [
            "see ERROR_CODE",
            "DEBUG_MODE=1",
            "no error found",
            "0 errors",
            "INFO.txt",
            "errors: 0",
        ] {
            assert_eq!(level(text), None, "{text}");
        }
    }
}
