//! The lines around errors, kept while a log streams by.
//!
//! Which errors explain a failure is known only at the end, and a pipe cannot be read again. So the
//! lines of every error are kept with a few around them, up to a limit; beyond it, the later errors of
//! the commonest kind lose theirs, as they are the least likely to explain anything.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use logmill_model::{LogError, Reason, Record, Severity};

/// Lines that are kept in front of an error and behind it.
pub(super) const BEFORE: u64 = 4;
pub(super) const AFTER: u64 = 3;
/// Of a long error, as many lines are kept from its beginning and its end.
const BLOCK_BEGIN: u64 = 30;
const BLOCK_END: u64 = 12;
/// Lines that are remembered: an error is told when its block ends, which may be 200 lines long.
const RECENT: usize = 256;
/// The longest line that is kept, in bytes.
const MAX_LINE: usize = 1000;
/// Errors whose lines are kept, and their lines' bytes.
const MAX_SPANS: usize = 256;
const MAX_BYTES: usize = 2 << 20;

/// Lines of a log, those that may have to be shown.
#[derive(Debug, Default)]
pub(super) struct Excerpts {
    recent: VecDeque<(u64, String)>,
    kept: BTreeMap<u64, Box<str>>,
    bytes: usize,
    spans: Vec<Span>,
    /// The last line that any span wants.
    wanted_to: u64,
}

#[derive(Debug)]
struct Span {
    first: u64,
    last: u64,
    reason: Reason,
}

impl Span {
    fn wants(&self, number: u64) -> bool {
        let begin = self.first.saturating_sub(BEFORE)..self.first + BLOCK_BEGIN;
        let end = (self.last + 1).saturating_sub(BLOCK_END)..=self.last + AFTER;
        number <= self.last + AFTER && begin.contains(&number) || end.contains(&number)
    }
}

impl Excerpts {
    /// Takes the lines of the next record.
    pub(super) fn record(&mut self, record: &Record) {
        for (number, text) in (record.line..).zip(record.message.split('\n')) {
            self.line(number, &text[..text.floor_char_boundary(MAX_LINE)]);
        }
    }

    fn line(&mut self, number: u64, text: &str) {
        if number <= self.wanted_to && self.spans.iter().any(|span| span.wants(number)) {
            self.keep(number, text);
        }
        let mut memory = match self.recent.len() {
            RECENT => self.recent.pop_front().map(|(_, text)| text).unwrap_or_default(),
            _ => String::new(),
        };
        memory.clear();
        memory.push_str(text);
        self.recent.push_back((number, memory));
    }

    /// Takes an error: its lines are kept, whether they have come already or are still to come.
    pub(super) fn error(&mut self, error: &LogError) {
        if error.severity < Severity::Error || !self.make_room(error.reason) {
            return;
        }
        let span = Span { first: error.line, last: error.end_line, reason: error.reason };
        let recent = std::mem::take(&mut self.recent);
        for (number, text) in recent.iter().filter(|(number, _)| span.wants(*number)) {
            self.keep(*number, text);
        }
        self.recent = recent;
        self.wanted_to = self.wanted_to.max(span.last + AFTER);
        self.spans.push(span);
    }

    /// Whether there is room for another error of this reason; one of a commoner reason gives way.
    fn make_room(&mut self, reason: Reason) -> bool {
        while self.spans.len() >= MAX_SPANS || self.bytes > MAX_BYTES {
            let mut counts: Vec<(Reason, usize)> = vec![(reason, 1)];
            for span in &self.spans {
                match counts.iter_mut().find(|(known, _)| *known == span.reason) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((span.reason, 1)),
                }
            }
            let commonest = counts.iter().max_by_key(|(_, count)| *count);
            let Some(&(commonest, _)) = commonest.filter(|(known, _)| *known != reason) else {
                return false;
            };
            self.forget_last(commonest);
        }
        true
    }

    fn keep(&mut self, number: u64, text: &str) {
        if self.kept.insert(number, text.into()).is_none() {
            self.bytes += text.len();
        }
    }

    /// Drops the last span of a reason, and its lines.
    fn forget_last(&mut self, reason: Reason) {
        let Some(at) = self.spans.iter().rposition(|span| span.reason == reason) else { return };
        let span = self.spans.remove(at);
        let lines = span.first.saturating_sub(BEFORE)..=span.last + AFTER;
        let dropped: Vec<u64> = self
            .kept
            .range(lines)
            .map(|(&number, _)| number)
            .filter(|&number| !self.spans.iter().any(|span| span.wants(number)))
            .collect();
        for number in dropped {
            self.bytes -= self.kept.remove(&number).map_or(0, |text| text.len());
        }
    }

    /// The kept lines of a range.
    pub(super) fn lines(&self, lines: RangeInclusive<u64>) -> impl Iterator<Item = (u64, &str)> {
        let known = !lines.is_empty();
        let range = if known { lines } else { 0..=0 };
        self.kept.range(range).map(|(&number, text)| (number, &**text))
    }

    /// The log's last lines that hold text, at most `count`.
    pub(super) fn last(&self, count: usize) -> Vec<(u64, &str)> {
        let mut lines: Vec<_> = self
            .recent
            .iter()
            .rev()
            .filter(|(_, text)| !text.trim().is_empty())
            .take(count)
            .map(|(number, text)| (*number, text.as_str()))
            .collect();
        lines.reverse();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: u64, message: &str) -> Record {
        Record {
            line,
            end_line: line,
            timestamp: None,
            level: None,
            kind: logmill_model::RecordKind::Text,
            step: None,
            message: message.to_owned(),
            template_id: None,
            fields: logmill_model::Fields::default(),
        }
    }

    fn error(line: u64, end_line: u64, reason: Reason) -> LogError {
        LogError {
            line,
            end_line,
            severity: Severity::Error,
            reason,
            message: String::new(),
            tool: String::new(),
            step: None,
            template_id: None,
        }
    }

    fn numbers(excerpts: &Excerpts) -> Vec<u64> {
        excerpts.lines(1..=u64::MAX).map(|(number, _)| number).collect()
    }

    #[test]
    fn an_error_keeps_the_lines_around_it_though_it_is_told_late() {
        let mut excerpts = Excerpts::default();
        for line in 1..=20 {
            excerpts.record(&record(line, "text"));
        }
        // The record of its last lines is still open.
        excerpts.error(&error(10, 21, Reason::Compiler));
        excerpts.record(&record(21, "a\nb\nc\nd\ne"));
        assert_eq!(numbers(&excerpts), (6..=24).collect::<Vec<_>>());
        assert_eq!(excerpts.last(2), [(24, "d"), (25, "e")]);
    }

    #[test]
    fn many_errors_of_one_kind_do_not_push_a_telling_one_out_or_fill_memory() {
        let mut excerpts = Excerpts::default();
        let long = "x".repeat(5000);
        for line in 1..=20_000 {
            excerpts.record(&record(line, &long));
            let rare = line == 15_000;
            excerpts.error(&error(line, line, if rare { Reason::Compiler } else { Reason::Other }));
        }
        let kept = numbers(&excerpts);
        assert!(kept.contains(&1) && kept.contains(&15_000) && !kept.contains(&14_000));
        assert!(kept.len() < 400 && excerpts.bytes < MAX_BYTES + 20_000, "{}", excerpts.bytes);
    }
}
