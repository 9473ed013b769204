//! What one log says, as a page for the person who has to mend the build.
//!
//! [`Report`] collects events while the log is read, in flat memory; [`print()`] writes the page: how
//! it ended, why, the steps, the tests, and what should be known beside. All text of a log goes
//! through [`readable`], so that nothing in it can command a terminal.

mod excerpts;
mod header;
mod notes;
mod report;
mod steps;
mod style;
mod tally;
mod tests;
mod text;
mod why;

use std::io::{self, Write};

pub(crate) use report::Report;
pub(crate) use tally::Tally;
pub(crate) use text::{readable, readable_bytes};

/// The width of a page where no terminal tells one, in columns.
const PAGE: usize = 100;
/// Wider lines are hard to read, narrower ones hold nothing.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=160;

/// The width for a page on standard output.
pub(crate) fn terminal_width() -> usize {
    let size = terminal_size::terminal_size_of(io::stdout());
    let width = size.map_or(PAGE, |(width, _)| usize::from(width.0));
    width.clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// Writes the page about the log called `title`, with terminal codes for colours.
pub(crate) fn print(
    title: &str,
    report: &Report,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    header::print(title, report, width, out)?;
    why::print(report, width, out)?;
    steps::print(report, width, out)?;
    tests::print(report, width, out)?;
    notes::print(report, width, out)
}
