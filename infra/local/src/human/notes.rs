//! The end of a page: counts of errors, and what the page does not show as it stands in the log.

use std::io::{self, Write};

use logmill_model::Cuts;

use super::report::Report;
use super::style::{DIM, HEADING, UNSURE};
use super::text::{self, count};

pub(super) fn print(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let build = &report.build;
    let cuts = &build.cuts;
    let mut notes = Vec::new();
    if build.errors + build.warnings > 0 {
        notes.push(format!(
            "{} and {} reported",
            count(build.errors, "error"),
            count(build.warnings, "warning")
        ));
    }
    notes.extend(of_cuts(cuts));
    if notes.is_empty() && cuts.input.is_none() {
        return Ok(());
    }
    writeln!(out, "\n{HEADING}Notes{HEADING:#}")?;
    if let Some(why) = &cuts.input {
        let why = text::line(why);
        for (at, row) in text::wrap(&why, width.saturating_sub(4), 4).into_iter().enumerate() {
            let lead = if at == 0 { "!" } else { " " };
            writeln!(out, "  {UNSURE}{lead} {row}{UNSURE:#}")?;
        }
    }
    for note in notes {
        writeln!(out, "  {DIM}{}{DIM:#}", text::cut(&note, width.saturating_sub(2)))?;
    }
    Ok(())
}

fn of_cuts(cuts: &Cuts) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |number: u64, text: String| {
        if number > 0 {
            notes.push(text);
        }
    };
    let masked = count(cuts.masked, "secret");
    note(cuts.masked, format!("{masked} or personal data masked (--no-mask shows them)"));
    let (lines, bytes) = (count(cuts.lines_cut, "line"), text::bytes(cuts.line_bytes_cut));
    note(cuts.lines_cut, format!("{lines} over 64 KiB cut, {bytes} left out"));
    let records = count(cuts.records_split, "record");
    note(cuts.records_split, format!("{records} over 64 KiB split"));
    let steps = count(cuts.steps_dropped, "step");
    note(cuts.steps_dropped, format!("{steps} left out, too many were open at once"));
    let errors = count(cuts.candidates_dropped, "error");
    let why = "left out of account for the explanation, as too many were found";
    note(cuts.candidates_dropped, format!("{errors} {why}"));
    let values = count(cuts.values_cut, "value");
    note(
        cuts.values_cut,
        format!("{values} cut: names or messages longer than what is kept of one"),
    );
    let lines = count(cuts.error_lines_cut, "line");
    note(cuts.error_lines_cut, format!("{lines} of errors left out, too many were in one"));
    let forgotten =
        "tests, messages or names forgotten before their use, too many were open at once";
    note(cuts.forgotten, format!("{} {forgotten}", cuts.forgotten));
    let lines = count(cuts.invalid_utf8_lines, "line");
    note(cuts.invalid_utf8_lines, format!("{lines} not in UTF-8, repaired with U+FFFD"));
    let nul = count(cuts.nul_bytes, "NUL byte");
    note(cuts.nul_bytes, format!("{nul} taken out"));
    let stamps = count(cuts.zone_assumed, "time stamp");
    note(cuts.zone_assumed, format!("{stamps} without a zone, read as UTC"));
    let stamps = count(cuts.date_assumed, "time stamp");
    let why = "without a date, read as of when the log was last written";
    note(cuts.date_assumed, format!("{stamps} {why}"));
    notes
}
