//! How many logs ended how, for the end of several pages.

use std::io::{self, Write};

use logmill_model::Outcome;

use super::report::Report;
use super::style::{HEADING, sign};
use super::text;

const ORDER: [(Outcome, &str); 5] = [
    (Outcome::Failed, "failed"),
    (Outcome::Success, "passed"),
    (Outcome::Cancelled, "cancelled"),
    (Outcome::Skipped, "skipped"),
    (Outcome::Unknown, "unknown"),
];

/// Counts logs by their outcome.
#[derive(Debug, Default)]
pub(crate) struct Tally([u64; ORDER.len()]);

impl Tally {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    pub(crate) fn count(&mut self, report: &Report) {
        for ((outcome, _), count) in ORDER.iter().zip(&mut self.0) {
            *count += u64::from(*outcome == report.build.result);
        }
    }

    pub(crate) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let all: u64 = self.0.iter().sum();
        if all < 2 {
            return Ok(());
        }
        let counts: Vec<String> = ORDER
            .iter()
            .zip(self.0)
            .filter(|(_, count)| *count > 0)
            .map(|((outcome, word), count)| {
                let style = sign(*outcome).1;
                format!("{style}{} {word}{style:#}", text::grouped(count))
            })
            .collect();
        writeln!(out, "\n{HEADING}{}{HEADING:#}: {}", text::count(all, "log"), counts.join(", "))
    }
}
