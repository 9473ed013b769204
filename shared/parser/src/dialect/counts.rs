//! Numbers in the totals of test frameworks.

use logmill_model::TestSummary;
use regex::Captures;

/// The number that `group` holds; 0 if it holds none.
pub(super) fn number(found: &Captures<'_>, group: usize) -> u64 {
    found.get(group).and_then(|found| found.as_str().parse().ok()).unwrap_or(0)
}

/// The summary of a framework that says how many tests there were in all, how many failed and how
/// many were skipped.
pub(super) fn summary(
    framework: &str,
    (all, failed, skipped): (u64, u64, u64),
    duration_s: Option<f64>,
) -> TestSummary {
    let run = all.saturating_sub(skipped);
    TestSummary {
        framework: framework.to_owned(),
        run,
        passed: run.saturating_sub(failed),
        failed,
        skipped,
        duration_s,
        line: 0,
    }
}

/// The number before `word` in totals such as `5 examples, 1 failure (2 pending)`; 0 if there is
/// none. A plural's `s` may follow.
pub(super) fn before(totals: &str, word: &str) -> u64 {
    let part = totals.split([',', '(', ')', '|', ':', ';']).map(str::trim).find_map(|part| {
        let (number, rest) = part.split_once(' ')?;
        let rest = rest.trim().strip_prefix(word)?;
        let whole = rest.strip_prefix('s').unwrap_or(rest);
        (whole.is_empty() || whole.starts_with(' ')).then(|| number.parse().ok()).flatten()
    });
    part.unwrap_or(0)
}

/// The number behind `word` in totals such as `Tests: 5, Failures: 1.`; 0 if there is none.
pub(super) fn after(totals: &str, word: &str) -> u64 {
    let part = totals.split(',').map(str::trim).find_map(|part| {
        let number = part.strip_prefix(word)?.trim_start().strip_prefix(':')?;
        number.trim().split([' ', '.']).next()?.parse().ok()
    });
    part.unwrap_or(0)
}

/// Seconds in `1 minute 2.5 seconds`, `0.5s`, `12 ms`, `00:01.500`.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.contains(':') {
        return text
            .split(':')
            .try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?));
    }
    let mut sum = None;
    let mut rest = text;
    while let Some(from) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = &rest[from..];
        let to = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let value: f64 = number[..to].parse().ok()?;
        let unit = number[to..].trim_start();
        let scale = match unit {
            _ if unit.starts_with("ms") || unit.starts_with("milli") => 0.001,
            _ if unit.starts_with("µs") || unit.starts_with("micro") => 0.000_001,
            _ if unit.starts_with('m') => 60.0,
            _ if unit.starts_with('h') => 3600.0,
            _ => 1.0,
        };
        sum = Some(sum.unwrap_or(0.0) + value * scale);
        rest = &number[to..];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{after, before, seconds};

    #[test]
    fn numbers_are_found_by_their_words() {
        let totals = "5 examples, 1 failure, 2 pending, 1 error occurred outside of examples";
        assert_eq!(before(totals, "example"), 5);
        assert_eq!((before(totals, "failure"), before(totals, "error")), (1, 1));
        assert_eq!(before("3 scenarios (1 failed, 2 passed)", "passed"), 2);
        assert_eq!(after("Tests: 5, Assertions: 9, Failures: 1.", "Failures"), 1);
        assert_eq!(after("Tests: 5", "Skipped"), 0);
    }

    #[test]
    fn durations_are_read_in_every_unit() {
        assert_eq!(seconds("1 minute 2.5 seconds"), Some(62.5));
        assert_eq!(seconds("12 ms"), Some(0.012));
        assert_eq!(seconds("00:01.500"), Some(1.5));
        assert_eq!(seconds("soon"), None);
    }
}
