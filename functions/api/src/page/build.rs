//! One build: why it failed first, then errors, tests, steps, and what was left out.

use jiff::Timestamp;
use logmill_metadata::Status;
use logmill_model::{Explanation, LogError, Outcome, Severity, TestCase};
use logmill_query::Query;
use maud::{Markup, html};

use super::list::log_list;
use super::parts::{
    Lines, Mark, badge, instant, lines, name, read_so_far, reason, tests_said, took, when,
};
use super::{layout, steps};
use crate::document::{AllCuts, BuildDocument};
use crate::link;
use crate::text::{bytes, count, grouped, lines as line_range, readable};
use crate::view::{BuildRow, Detail, Line, LogRow};

/// The most rows of a table that stand open.
const OPEN: usize = 25;

/// A deployment without one build document to show: several logs, or none that was read yet.
/// `part` is the log that was asked for.
#[must_use]
pub fn deployment(row: &BuildRow, part: Option<&str>, now: Timestamp) -> Markup {
    let asked = part.and_then(|part| row.logs.iter().find(|log| log.summary.part == part));
    let status = asked.map_or(row.status, |log| log.status);
    let result = asked.map_or(row.result, LogRow::result);
    let logs: Vec<_> = row.logs.iter().collect();
    let main = html! {
        (heading(row, part, &badge(status, result)))
        (unread(row, asked))
        @match status {
            Status::Pending | Status::Processing => div.note role="status" {
                p {
                    "Not all of it was read yet" (read_so_far(asked.or(row.logs.first()).and_then(|log| log.progress)))
                    ". Load the page again in a moment."
                }
            },
            Status::Completed if asked.is_some() => div.note {
                p { "The build document of this log is not there: it may have been deleted by age." }
            },
            _ => {}
        }
        (facts(row, None, now))
        @if logs.len() > 1 || row.logs_more > 0 {
            section { h2 { "Logs" } (log_list(row, &logs)) (more_logs(row)) }
        }
        (aside(row))
    };
    layout(name(row), "", &main)
}

/// A build with its document.
#[must_use]
pub fn build(detail: &Detail, document: &BuildDocument, now: Timestamp) -> Markup {
    let row = &detail.build;
    let part = detail.part.as_deref().unwrap_or_default();
    let asked = row.logs.iter().find(|log| log.summary.part == part);
    let status = asked.map_or(Status::Completed, |log| log.status);
    let key = row.deployment_key.as_str();
    let inside =
        Query::all_of([Query::is("deployment_key", key), Query::is("part", part)]).to_string();
    let main = html! {
        (heading(row, Some(part), &badge(status, Some(document.result))))
        nav.actions aria-label="This log" {
            a.button href=(link::log(key, part, 1)) { "Whole log" }
            a.button href=(link::with("/search", &[("q", &inside)])) { "Search in it" }
        }
        (unread(row, asked))
        @if let Some(why) = &document.cuts.log.input {
            div.note { p { "The log ends too early: " (readable(why)) } }
        }
        (explanation(detail, document, part))
        (facts(row, Some(document), now))
        (errors(key, part, document))
        (failures(key, part, document))
        (steps::steps(key, part, document))
        (notes(&document.cuts))
        (other_logs(row, part))
        (aside(row))
    };
    layout(&format!("{} {}", name(row), part), "", &main)
}

fn heading(row: &BuildRow, part: Option<&str>, badge: &Markup) -> Markup {
    html! {
        div.head {
            h1 { (badge) " " (readable(name(row))) }
            @if row.application_name.is_some() || part.is_some_and(|part| !part.is_empty()) {
                p.key {
                    @if part.is_some_and(|part| !part.is_empty()) && row.logs.len() > 1 {
                        a href=(link::deployment(&row.deployment_key)) { (readable(&row.deployment_key)) }
                    } @else if row.application_name.is_some() { (readable(&row.deployment_key)) }
                    @if let Some(part) = part.filter(|part| !part.is_empty()) { " / " b { (readable(part)) } }
                }
            }
        }
    }
}

/// Why a log, or another one of the deployment, could not be processed.
fn unread(row: &BuildRow, asked: Option<&LogRow>) -> Markup {
    let own = asked.and_then(|log| log.error.as_deref());
    let whole =
        row.error.as_deref().filter(|_| asked.is_none_or(|log| log.status == Status::Failed));
    html! {
        @if let Some(error) = own.or(whole) {
            div.alert role="alert" {
                p { b { "This log could not be read." } }
                p.message { (readable(error)) }
                p.advice { "`logmill dlq list` shows it with its input; `logmill dlq replay` tries again." }
            }
        }
    }
}

fn explanation(detail: &Detail, document: &BuildDocument, part: &str) -> Markup {
    let failed = document.result == Outcome::Failed;
    let Some((first, rest)) = document.explanation.split_first() else {
        return html! {
            @if failed {
                section { h2 { "Why it failed" } p { "No line of the log says why." } }
            }
        };
    };
    let around = |at: usize| detail.around.get(at).map_or(&[][..], Vec::as_slice);
    let key = detail.build.deployment_key.as_str();
    html! {
        section.explanation {
            h2 { @if failed { "Why it failed" } @else { "What stands out" } }
            (block((key, part), document, first, around(0)))
            @if !rest.is_empty() {
                details {
                    summary { (count(rest.len() as u64, "more place")) }
                    @for (at, found) in rest.iter().enumerate() {
                        (block((key, part), document, found, around(at + 1)))
                    }
                }
            }
        }
    }
}

/// One block of the explanation, with the lines around it.
fn block(
    (key, part): (&str, &str),
    document: &BuildDocument,
    found: &Explanation,
    around: &[Line],
) -> Markup {
    let step = document.steps.iter().find(|step| Some(step.number) == found.step);
    let marked = [(found.line, found.end_line.max(found.line))];
    html! {
        p {
            span.reason { (reason(found.reason)) }
            @if !found.tool.is_empty() { " found by " b { (readable(&found.tool)) } }
            @if let Some(step) = step { " in " b { (readable(&step.name)) } }
            ", " a href=(link::line(key, part, found.headline_line.max(found.line))) { (line_range(found.line, found.end_line)) }
        }
        @if around.is_empty() {
            pre.block { code { (readable(&found.message)) } }
            p.quiet { "These lines are not indexed; this is what the explanation keeps of them." }
        } @else {
            (lines(&Lines { mark: Mark::Error, key, part, marked: &marked, headline: Some(found.headline_line), anchors: false }, around))
        }
    }
}

fn facts(row: &BuildRow, document: Option<&BuildDocument>, now: Timestamp) -> Markup {
    let started = document.map_or(row.started_at, |document| document.started_at);
    let finished = document.map_or(row.finished_at, |document| document.finished_at);
    let duration = document.map_or(row.duration_s, |document| document.duration_s);
    let plain = [
        ("Duration", Some(took(duration))),
        ("Tools", document.map(|document| document.tools.join(", "))),
        ("Tests by", document.map(|document| document.frameworks.join(", "))),
        ("Size", Some(size(row, document))),
        ("Source", row.source.clone()),
        ("Kind", row.deployment_type.clone()),
        ("Branch", row.branch.clone()),
        ("Commit", row.commit.clone()),
        ("Started by", row.actor.clone()),
        ("Run", row.run.clone()),
        ("Object", row.s3_path.clone()),
    ];
    html! {
        dl.facts {
            @if let Some(at) = started { div { dt { "Started" } dd { (instant(at)) " (" (when(at, now)) ")" } } }
            @if let Some(at) = finished { div { dt { "Ended" } dd { (instant(at)) } } }
            @for (name, value) in plain {
                @if let Some(value) = value.filter(|value| !value.is_empty()) {
                    div { dt { (name) } dd { (readable(&value)) } }
                }
            }
        }
    }
}

fn size(row: &BuildRow, document: Option<&BuildDocument>) -> String {
    let (lines, size) = document.map_or((row.lines, row.bytes), |document| {
        (document.metrics.lines, document.metrics.bytes)
    });
    if lines == 0 && size == 0 {
        return String::new();
    }
    format!("{}, {}", count(lines, "line"), bytes(size))
}

fn errors(key: &str, part: &str, document: &BuildDocument) -> Markup {
    let metrics = document.metrics;
    if document.errors.is_empty() {
        return html! {};
    }
    let (first, rest) = document.errors.split_at(document.errors.len().min(OPEN));
    html! {
        section {
            h2 { "Errors " span.quiet { (count(metrics.errors, "error")) ", " (count(metrics.warnings, "warning")) } }
            (error_rows(key, part, first))
            @if !rest.is_empty() {
                details { summary { (count(rest.len() as u64, "more")) } (error_rows(key, part, rest)) }
            }
            @if document.cuts.errors_cut > 0 {
                p.quiet { (grouped(document.cuts.errors_cut)) " more are in the log only." }
            }
        }
    }
}

fn error_rows(key: &str, part: &str, errors: &[LogError]) -> Markup {
    html! {
        ul.rows {
            @for error in errors {
                @let (class, word) = severity(error.severity);
                li class=(class) {
                    a.no href=(link::line(key, part, error.line)) aria-label={ "Line " (error.line) } { (error.line) }
                    div {
                        code { (readable(&error.message)) }
                        p.quiet { (word) " · " (reason(error.reason)) @if !error.tool.is_empty() { " · " (readable(&error.tool)) } }
                    }
                }
            }
        }
    }
}

const fn severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Fatal => ("error", "fatal"),
        Severity::Error => ("error", "error"),
        Severity::Warning => ("warn", "warning"),
        Severity::Info => ("", "info"),
    }
}

fn failures(key: &str, part: &str, document: &BuildDocument) -> Markup {
    let Some(tests) = document.tests else { return html! {} };
    let (first, rest) = document.failures.split_at(document.failures.len().min(OPEN));
    html! {
        section {
            h2 { "Tests " span.quiet { (tests_said(tests)) } }
            (failure_rows(key, part, first))
            @if !rest.is_empty() {
                details { summary { (count(rest.len() as u64, "more")) } (failure_rows(key, part, rest)) }
            }
            @if document.cuts.failures_cut > 0 {
                p.quiet { (grouped(document.cuts.failures_cut)) " more failed tests are in the log only." }
            }
        }
    }
}

fn failure_rows(key: &str, part: &str, failures: &[TestCase]) -> Markup {
    html! {
        @if !failures.is_empty() {
            ul.rows {
                @for test in failures {
                    li.error {
                        a.no href=(link::line(key, part, test.line)) aria-label={ "Line " (test.line) } { (test.line) }
                        div {
                            code { (readable(&test.name)) }
                            @if let Some(message) = &test.message { p.message { (readable(message)) } }
                            p.quiet {
                                (readable(&test.framework))
                                @if let Some(class) = &test.classname { " · " (readable(class)) }
                                @if test.duration_s.is_some() { " · " (took(test.duration_s)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn notes(cuts: &AllCuts) -> Markup {
    let log = &cuts.log;
    let said = [
        (log.masked, "secrets or personal data masked"),
        (log.lines_cut, "lines over 64 KiB cut"),
        (log.records_split, "records over 64 KiB split"),
        (log.steps_dropped, "steps left out, too many were open at once"),
        (
            log.candidates_dropped,
            "errors left out of account for the explanation, as too many were found",
        ),
        (log.values_cut, "names, values or messages cut, longer than what is kept of one"),
        (log.error_lines_cut, "lines of errors left out, too many were in one"),
        (
            log.forgotten,
            "tests, messages or names forgotten before their use, as too many were open at once",
        ),
        (log.invalid_utf8_lines, "lines not in UTF-8, repaired with U+FFFD"),
        (log.nul_bytes, "NUL bytes taken out"),
        (log.zone_assumed, "time stamps without a zone, read as UTC"),
        (log.date_assumed, "time stamps without a date, read as of when the log was last written"),
    ];
    let said: Vec<_> = said.into_iter().filter(|(number, _)| *number > 0).collect();
    html! {
        @if !said.is_empty() {
            section {
                h2 { "Notes" }
                ul { @for (number, what) in said { li { (what) ": " (grouped(number)) } } }
            }
        }
    }
}

fn other_logs(row: &BuildRow, part: &str) -> Markup {
    let others: Vec<_> = row.logs.iter().filter(|log| log.summary.part != part).collect();
    html! {
        @if !others.is_empty() {
            section { h2 { "Other logs of this deployment" } (log_list(row, &others)) (more_logs(row)) }
        }
    }
}

fn more_logs(row: &BuildRow) -> Markup {
    html! { @if row.logs_more > 0 { p.quiet { (count(row.logs_more, "more log")) " not listed here." } } }
}

fn aside(row: &BuildRow) -> Markup {
    html! {
        @if !row.aside.is_empty() {
            section { h2 { "Left aside" } ul { @for why in &row.aside { li { (readable(why)) } } } }
        }
    }
}
