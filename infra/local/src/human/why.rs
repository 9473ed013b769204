//! Why a build failed: the lines that tell it, with what stands around them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use logmill_model::{Explanation, Outcome, Reason};

use super::excerpts::{AFTER, BEFORE};
use super::report::Report;
use super::style::{BAD, BAD_BOLD, DIM, HEADING};
use super::text;

/// Blocks that are shown with their surroundings; of the others only the first lines are.
const FULL: usize = 3;
/// Lines of a block, from its beginning and its end; of a longer one the middle is left out.
const FULL_LINES: (usize, usize) = (28, 10);
const SHORT_LINES: (usize, usize) = (6, 0);
/// Lines from the end of a block to the next one that is shown together with it.
const NEAR: u64 = 3;
/// Rows that one line of the log may take, and one of its surroundings.
const ROWS: usize = 4;
/// The last lines of a log that says nothing better.
const LAST: usize = 10;

pub(super) fn print(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let result = report.build.result;
    if report.explanations.is_empty() {
        return print_end(report, width, out);
    }
    let heading = if result == Outcome::Cancelled { "Before it ended" } else { "Why it failed" };
    writeln!(out, "\n{HEADING}{heading}{HEADING:#}")?;
    let mut page = Page { report, width, shown: BTreeMap::new() };
    let blocks = joined(&report.explanations);
    for block in &blocks {
        page.claim(block);
    }
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        page.block(block, at < FULL, out)?;
    }
    Ok(())
}

/// Blocks that follow each other in the log and speak of the same thing, as one.
fn joined(explanations: &[Explanation]) -> Vec<Explanation> {
    let mut blocks: Vec<Explanation> = Vec::new();
    for next in explanations {
        let same = |last: &&mut Explanation| {
            (last.reason, &last.tool, last.step) == (next.reason, &next.tool, next.step)
                && (last.end_line + 1..=last.end_line + NEAR).contains(&next.line)
        };
        if let Some(last) = blocks.last_mut().filter(same) {
            // Where the lines themselves are not kept, the messages stand for them.
            let between = next.line - last.end_line;
            last.message.extend((0..between).map(|_| '\n'));
            last.message.push_str(&next.message);
            last.end_line = next.end_line;
        } else {
            blocks.push(next.clone());
        }
    }
    blocks
}

/// Where no line says why: the end of the log, as everyone looks there first.
fn print_end(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let heading = match report.build.result {
        Outcome::Failed => "No line says why it failed; these are the last",
        Outcome::Cancelled => "The last lines before it was cancelled",
        Outcome::Unknown => "No line says how it ended; these are the last",
        Outcome::Success | Outcome::Skipped => return Ok(()),
    };
    let lines = report.excerpts.last(LAST);
    let Some((last, _)) = lines.last() else { return Ok(()) };
    let gutter = Gutter::to(*last);
    writeln!(out, "\n{HEADING}{heading}{HEADING:#}")?;
    for (number, text) in &lines {
        gutter.dim(*number, text, width, out)?;
    }
    Ok(())
}

struct Page<'a> {
    report: &'a Report,
    width: usize,
    /// Lines that need not be shown again as surroundings.
    shown: BTreeMap<u64, ()>,
}

impl Page<'_> {
    fn claim(&mut self, explanation: &Explanation) {
        let end = explanation.end_line.min(explanation.line.saturating_add(1000));
        self.shown.extend((explanation.line..=end).map(|number| (number, ())));
    }

    fn block(
        &mut self,
        explanation: &Explanation,
        full: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.head(explanation, out)?;
        let gutter = Gutter::to(explanation.end_line + AFTER);
        if full {
            let (first, last) = (explanation.line, explanation.end_line);
            let before = first.saturating_sub(BEFORE)..=first.saturating_sub(1);
            self.around(before, true, &gutter, out)?;
            self.lines(explanation, FULL_LINES, &gutter, out)?;
            self.around(last + 1..=last + AFTER, false, &gutter, out)
        } else {
            self.lines(explanation, SHORT_LINES, &gutter, out)
        }
    }

    fn head(&self, explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
        let reason = in_words(explanation.reason);
        let tool = text::line(&explanation.tool);
        let lines = text::lines(explanation.line, explanation.end_line);
        write!(out, "  {BAD_BOLD}{reason}{BAD_BOLD:#} {DIM}· {tool} · {lines}")?;
        let path = explanation.step.map(|step| self.report.step_path(step)).unwrap_or_default();
        if path.is_empty() {
            return writeln!(out, "{DIM:#}");
        }
        let step = format!("in {}", text::line(&path.join(" › ")));
        let used =
            2 + [reason, &tool, &lines].iter().map(|fact| text::width(fact) + 3).sum::<usize>();
        if used + text::width(&step) <= self.width {
            writeln!(out, " · {step}{DIM:#}")
        } else {
            writeln!(out, "\n  {}{DIM:#}", text::cut(&step, self.width.saturating_sub(2)))
        }
    }

    /// The lines next to a block: those that no block has, as far as they hold text.
    fn around(
        &mut self,
        range: std::ops::RangeInclusive<u64>,
        before: bool,
        gutter: &Gutter,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut lines: Vec<(u64, &str)> = self.report.excerpts.lines(range).collect();
        let is_new = |number: &u64| !self.shown.contains_key(number);
        if before {
            let old = lines.iter().rposition(|(number, _)| !is_new(number));
            lines.drain(..old.map_or(0, |at| at + 1));
        } else {
            let old = lines.iter().position(|(number, _)| !is_new(number));
            lines.truncate(old.unwrap_or(lines.len()));
        }
        let has_text = |(_, text): &(u64, &str)| !text.trim().is_empty();
        let begin = lines.iter().position(has_text).unwrap_or(lines.len());
        let end = lines.iter().rposition(has_text).map_or(begin, |at| at + 1);
        let kept = if before { begin..lines.len() } else { 0..end };
        for (number, text) in &lines[kept] {
            self.shown.insert(*number, ());
            gutter.dim(*number, text, self.width, out)?;
        }
        Ok(())
    }

    /// The lines of a block itself.
    fn lines(
        &self,
        explanation: &Explanation,
        (begin, end): (usize, usize),
        gutter: &Gutter,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let range = explanation.line..=explanation.end_line;
        let mut lines: Vec<(u64, &str)> = self.report.excerpts.lines(range).collect();
        if lines.is_empty() {
            lines = (explanation.line..).zip(explanation.message.split('\n')).collect();
        }
        let hidden = lines.len().saturating_sub(begin + end);
        // A line in place of a line tells less than the line.
        let hidden = if hidden > 1 { begin..begin + hidden } else { 0..0 };
        let mut next = explanation.line;
        for (at, (number, text)) in lines.iter().enumerate() {
            if hidden.contains(&at) {
                continue;
            }
            if *number > next {
                gutter.gap(*number - next, out)?;
            }
            gutter.bright(*number, text, self.width, out)?;
            next = number + 1;
        }
        if next <= explanation.end_line {
            gutter.gap(explanation.end_line + 1 - next, out)?;
        }
        Ok(())
    }
}

/// The column of line numbers.
struct Gutter {
    digits: usize,
}

impl Gutter {
    fn to(last: u64) -> Self {
        Self { digits: last.to_string().len().max(4) }
    }

    /// A line that tells why.
    fn bright(&self, number: u64, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let digits = self.digits;
        let text = text::line(text);
        let rows = text::wrap(&text, self.room(width), ROWS);
        for (at, row) in rows.into_iter().enumerate() {
            let number = if at == 0 { number.to_string() } else { String::new() };
            let row = spaced(&row);
            writeln!(out, "  {BAD}{number:>digits$} ┃{BAD:#}{row}")?;
        }
        Ok(())
    }

    /// A line beside it.
    fn dim(&self, number: u64, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let digits = self.digits;
        let text = text::line(text);
        let row = text::cut(&text, self.room(width));
        let row = spaced(&row);
        writeln!(out, "  {DIM}{number:>digits$} │{row}{DIM:#}")
    }

    fn gap(&self, lines: u64, out: &mut dyn Write) -> io::Result<()> {
        let digits = self.digits;
        writeln!(out, "  {DIM}{:>digits$} ┆ {}{DIM:#}", "⋮", text::count(lines, "more line"))
    }

    fn room(&self, width: usize) -> usize {
        width.saturating_sub(self.digits + 5)
    }
}

/// A row with a blank in front, unless it is empty, so that no line ends in a blank.
fn spaced(row: &str) -> String {
    if row.is_empty() { String::new() } else { format!(" {row}") }
}

/// A reason as people say it.
const fn in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Compiler => "The code does not compile",
        Reason::Assertion => "A test failed",
        Reason::Dependency => "A dependency is missing",
        Reason::Configuration => "The configuration is wrong",
        Reason::Exception => "An exception nobody caught",
        Reason::Command => "A command failed",
        Reason::Resource => "A resource ran out",
        Reason::Timeout => "It took too long",
        Reason::Network => "The network failed",
        Reason::Lint => "A check refused",
        Reason::Summary => "It says that it failed",
        Reason::Other => "An error",
    }
}
