//! The tests of a page: how many, and which of them failed.

use std::io::{self, Write};

use logmill_model::{TestCase, TestSummary};

use super::report::Report;
use super::style::{BAD, BAD_BOLD, DIM, GOOD, HEADING};
use super::text;

pub(super) fn print(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    if report.summaries.is_empty() && report.failed_tests.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{HEADING}Tests{HEADING:#}")?;
    for summary in &report.summaries {
        print_summary(summary, out)?;
    }
    for test in &report.failed_tests {
        print_failed(test, width, out)?;
    }
    if report.failed_tests_unnamed > 0 {
        let more = text::grouped(report.failed_tests_unnamed);
        writeln!(out, "  {DIM}… and {more} more that failed{DIM:#}")?;
    }
    Ok(())
}

fn print_summary(summary: &TestSummary, out: &mut dyn Write) -> io::Result<()> {
    let mut counts = Vec::new();
    for (count, word, style) in [
        (summary.failed, "failed", BAD),
        (summary.passed, "passed", GOOD),
        (summary.skipped, "skipped", DIM),
    ] {
        if count > 0 {
            counts.push(format!("{style}{} {word}{style:#}", text::grouped(count)));
        }
    }
    if counts.is_empty() {
        counts.push("none run".to_owned());
    }
    let framework = text::line(&summary.framework);
    write!(out, "  {framework}: {}", counts.join(", "))?;
    match summary.duration_s {
        Some(seconds) => writeln!(out, " {DIM}in {}{DIM:#}", text::duration(seconds)),
        None => writeln!(out),
    }
}

fn print_failed(test: &TestCase, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let place = text::lines(test.line, test.line);
    let name = text::line(&test.name);
    let class = test.classname.as_deref().map(text::line).unwrap_or_default();
    // Some names say the class already.
    let class = if name.contains(&class) { String::new() } else { format!("  {class}") };
    let room = width.saturating_sub(6 + place.len());
    let name = text::cut(&name, room);
    let class = text::cut(&class, room.saturating_sub(text::width(&name)));
    writeln!(out, "  {BAD_BOLD}✗{BAD_BOLD:#} {name}{DIM}{class}  {place}{DIM:#}")
}
