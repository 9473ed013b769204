//! Text for an engine that can't hold NUL.

use std::borrow::Cow;

use logmill_runtime::telemetry::names;

/// What stands for NUL in keys, and begins what stands for itself.
const ESCAPE: char = '\u{2400}';

/// Text for people: NUL is stripped and counted.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    let nul = text.bytes().filter(|byte| *byte == 0).count();
    if nul == 0 {
        return Cow::Borrowed(text);
    }
    metrics::counter!(names::METADATA_NUL).increment(u64::try_from(nul).unwrap_or(u64::MAX));
    Cow::Owned(text.replace('\0', ""))
}

/// Text that names something. Two names that differ by a NUL must not become one, so it is written
/// as `␀0`, and `␀` itself as `␀1`.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(ESCAPE, "\u{2400}1").replace('\0', "\u{2400}0"))
}

/// The name that was written so.
pub(crate) fn read_name(stored: String) -> String {
    if !stored.contains(ESCAPE) {
        return stored;
    }
    stored.replace("\u{2400}0", "\0").replace("\u{2400}1", "\u{2400}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_a_nul_stay_two() {
        let names =
            ["ab", "a\0b", "a\u{2400}b", "a\u{2400}0b", "a\u{2400}1b", "\0\0", "\u{2400}\0"];
        let mut stored: Vec<String> = names.iter().map(|text| name(text).into_owned()).collect();
        for (text, stored) in names.iter().zip(&stored) {
            assert!(!stored.contains('\0'));
            assert_eq!(read_name(stored.clone()), *text);
        }
        stored.sort_unstable();
        stored.dedup();
        assert_eq!(stored.len(), names.len());
    }

    #[test]
    fn a_nul_in_an_error_costs_the_nul_only() {
        assert_eq!(shown("exit\0 code\0 1"), "exit code 1");
        assert!(matches!(shown("as it is"), Cow::Borrowed(_)));
    }
}
