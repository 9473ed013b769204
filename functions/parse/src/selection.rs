//! Which records of a log become documents (`LOGMILL_RECORDS`).

use logmill_model::{Outcome, Record, Severity};
use logmill_runtime::config::Records;
use serde::{Deserialize, Serialize};

use crate::collect::Kept;

/// Lines that are kept before and behind each place of interest.
const CONTEXT: u64 = 50;

/// Which records are written while a log is read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) enum Selection {
    /// All of them.
    #[default]
    All,
    /// None.
    Nothing,
    /// Those that touch these lines: first and last, in order, apart from each other.
    Lines(Vec<(u64, u64)>),
}

impl Selection {
    /// What is written when a log is read for the first time.
    pub(crate) fn at_first(records: Records) -> Self {
        if records == Records::All { Self::All } else { Self::Nothing }
    }

    /// What is written when it is read once more, now that it is known how it ended; none if there is
    /// no need to.
    pub(crate) fn then(records: Records, kept: &Kept, result: Outcome) -> Option<Self> {
        match records {
            Records::All | Records::None => None,
            Records::Failed => (result == Outcome::Failed).then_some(Self::All),
            Records::Context => {
                let lines = around(kept);
                (!lines.is_empty()).then_some(Self::Lines(lines))
            }
        }
    }

    pub(crate) fn has(&self, record: &Record) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Lines(ranges) => {
                let at = ranges.partition_point(|(_, last)| *last < record.line);
                ranges.get(at).is_some_and(|(first, _)| *first <= record.end_line)
            }
        }
    }
}

/// The lines of errors, of the explanation and of the borders of steps, and those around them.
fn around(kept: &Kept) -> Vec<(u64, u64)> {
    let errors = kept.errors.iter().filter(|error| error.severity >= Severity::Error);
    let blocks = errors
        .map(|error| (error.line, error.end_line))
        .chain(kept.explanations.iter().map(|block| (block.line, block.end_line)));
    let borders = kept
        .steps
        .iter()
        .flat_map(|step| [(step.start_line, step.start_line), (step.end_line, step.end_line)]);
    let mut ranges: Vec<_> = blocks
        .chain(borders)
        .map(|(first, last)| {
            (first.saturating_sub(CONTEXT).max(1), last.max(first).saturating_add(CONTEXT))
        })
        .collect();
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use logmill_model::{Fields, RecordKind};

    use super::*;

    fn record(line: u64, end_line: u64) -> Record {
        Record {
            line,
            end_line,
            timestamp: None,
            level: None,
            kind: RecordKind::Text,
            step: None,
            message: String::new(),
            template_id: None,
            fields: Fields::default(),
        }
    }

    #[test]
    fn the_lines_around_an_error_are_found_and_others_are_not() {
        let some = Selection::Lines(vec![(10, 20), (40, 60)]);
        let found = [(9, 9), (5, 10), (20, 30), (21, 39), (39, 41), (60, 60), (61, 61)]
            .map(|(line, end)| some.has(&record(line, end)));
        assert_eq!(found, [false, true, true, false, true, true, false]);
    }

    #[test]
    fn a_log_is_read_again_only_where_something_is_missing() {
        let kept = Kept::default();
        let then = |records, result| Selection::then(records, &kept, result);
        assert_eq!(then(Records::All, Outcome::Failed), None);
        assert_eq!(then(Records::None, Outcome::Failed), None);
        assert_eq!(then(Records::Failed, Outcome::Success), None);
        assert_eq!(then(Records::Failed, Outcome::Failed), Some(Selection::All));
        assert_eq!(then(Records::Context, Outcome::Failed), None, "nothing stands out");
    }
}
