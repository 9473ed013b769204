//! Pieces that several pages show alike: verdicts, numbers, times, lines of a log.

use jiff::Timestamp;
use logmill_metadata::Status;
use logmill_model::{Level, Outcome, Reason, TestCounts};
use maud::{Markup, html};

use crate::link;
use crate::text::{ago, bytes, count, duration, readable, stamp};
use crate::view::{BuildRow, Line};

/// How a log or a deployment stands: its result once it was read, how far it is before.
pub(super) fn badge(status: Status, result: Option<Outcome>) -> Markup {
    let (class, sign, word) = verdict(status, result);
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (word) } }
}

/// How much of a log was read, where it is being read.
pub(super) fn read_so_far(percent: Option<u64>) -> Markup {
    html! { @if let Some(percent) = percent { span.quiet { " (" (percent) " % read)" } } }
}

/// The class, sign and word of a verdict.
pub(super) const fn verdict(
    status: Status,
    result: Option<Outcome>,
) -> (&'static str, &'static str, &'static str) {
    match (status, result) {
        (Status::Pending, _) => ("waiting", "…", "PENDING"),
        (Status::Processing, _) => ("waiting", "…", "PROCESSING"),
        (Status::Failed, _) => ("unread", "!", "unreadable"),
        (Status::Completed, Some(result)) => outcome(result),
        (Status::Completed, None) => outcome(Outcome::Unknown),
    }
}

/// The class, sign and word of a result.
pub(super) const fn outcome(result: Outcome) -> (&'static str, &'static str, &'static str) {
    match result {
        Outcome::Success => ("success", "✓", "success"),
        Outcome::Failed => ("failed", "✗", "failed"),
        Outcome::Skipped => ("quiet", "–", "skipped"),
        Outcome::Cancelled => ("cancelled", "■", "cancelled"),
        Outcome::Unknown => ("quiet", "?", "unknown"),
    }
}

/// What kind of failure it is, for people.
pub(super) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Compiler => "compiler error",
        Reason::Assertion => "test failure",
        Reason::Dependency => "dependency",
        Reason::Configuration => "configuration",
        Reason::Exception => "exception",
        Reason::Command => "command",
        Reason::Resource => "out of resources",
        Reason::Timeout => "time-out",
        Reason::Network => "network",
        Reason::Lint => "lint",
        Reason::Summary => "says only that it failed",
        Reason::Other => "error",
    }
}

/// An instant, with how long ago it was.
pub(super) fn when(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(stamp(at)) { (ago(at, now)) } }
}

/// An instant to the second.
pub(super) fn instant(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (stamp(at)) } }
}

/// The numbers of a log in a few words, without those that are zero.
pub(super) fn numbers(
    (lines, size): (u64, u64),
    (errors, warnings): (u64, u64),
    tests: Option<TestCounts>,
) -> Vec<String> {
    let mut said = Vec::new();
    if lines > 0 {
        said.push(format!("{}, {}", count(lines, "line"), bytes(size)));
    }
    let faults = [(errors, "error"), (warnings, "warning")];
    let faults: Vec<_> = faults
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, thing)| count(number, thing))
        .collect();
    if !faults.is_empty() {
        said.push(faults.join(", "));
    }
    said.extend(tests.map(tests_said));
    said
}

/// `120 tests, 2 failed, 1 skipped`.
pub(super) fn tests_said(tests: TestCounts) -> String {
    let mut said = count(tests.run, "test");
    if tests.failed > 0 {
        said.push_str(&format!(", {} failed", tests.failed));
    }
    if tests.skipped > 0 {
        said.push_str(&format!(", {} skipped", tests.skipped));
    }
    said
}

/// A duration, or nothing.
pub(super) fn took(seconds: Option<f64>) -> String {
    seconds.map(duration).unwrap_or_default()
}

/// The name that a deployment is headed with: its application, else its key.
pub(super) fn name(row: &BuildRow) -> &str {
    row.application_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&row.deployment_key)
}

/// A part as a name: a log without one is `log`.
pub(super) fn part_name(part: &str) -> String {
    if part.is_empty() { "log".to_owned() } else { readable(part).into_owned() }
}

/// Why lines are marked.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mark {
    /// They state an error.
    Error,
    /// They are what was searched for.
    Hit,
}

/// Which log a list of lines belongs to, and which of its lines are marked.
pub(super) struct Lines<'a> {
    pub(super) mark: Mark,
    pub(super) key: &'a str,
    pub(super) part: &'a str,
    /// First and last line of each marked block, by line.
    pub(super) marked: &'a [(u64, u64)],
    /// The one of them that says it best.
    pub(super) headline: Option<u64>,
    /// Whether the lines are the page's own, to be linked to by `#L123`; else they link to the log.
    pub(super) anchors: bool,
}

/// Lines of a log with their numbers; where some are missing, how many.
pub(super) fn lines(of: &Lines<'_>, lines: &[Line]) -> Markup {
    let before = |at: usize| at.checked_sub(1).and_then(|at| lines.get(at));
    html! {
        ol.log {
            @for (at, line) in lines.iter().enumerate() {
                @if let Some(missing) = before(at).map(|last| line.number.saturating_sub(last.number + 1)).filter(|missing| *missing > 0) {
                    li.gap { (count(missing, "line")) " not indexed" }
                }
                @let marked = is_marked(of.marked, line.number);
                li class=(class(line.level, marked.then_some(of.mark), of.headline == Some(line.number))) id=[of.anchors.then(|| format!("L{}", line.number))] {
                    @if of.anchors {
                        a.no href={ "#L" (line.number) } aria-label={ "Line " (line.number) } { (line.number) }
                    } @else {
                        a.no href=(link::line(of.key, of.part, line.number)) aria-label={ "Line " (line.number) " in the log" } { (line.number) }
                    }
                    code { @if marked { span.sr { (if of.mark == Mark::Hit { "found: " } else { "error: " }) } } (readable(&line.text)) }
                }
            }
        }
    }
}

fn is_marked(marked: &[(u64, u64)], line: u64) -> bool {
    // Blocks may lie in each other, so the last that begins before the line need not be the one.
    let end = marked.partition_point(|(first, _)| *first <= line);
    marked[..end].iter().rev().take(64).any(|(_, last)| *last >= line)
}

/// The classes of a line by its level.
const fn class(level: Option<Level>, mark: Option<Mark>, is_headline: bool) -> &'static str {
    match (level, mark) {
        (_, Some(Mark::Error)) if is_headline => "error marked headline",
        (_, Some(Mark::Error)) => "error marked",
        (_, Some(Mark::Hit)) => "found",
        (Some(Level::Error | Level::Fatal), _) => "error",
        (Some(Level::Warn), _) => "warn",
        (Some(Level::Debug | Level::Trace), _) => "debug",
        _ => "",
    }
}
