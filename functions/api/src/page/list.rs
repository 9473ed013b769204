//! The list of builds.

use jiff::Timestamp;
use logmill_metadata::Status;
use logmill_model::Outcome;
use maud::{Markup, html};

use super::layout;
use super::parts::{badge, name, numbers, part_name, read_so_far, reason, took, verdict, when};
use crate::link;
use crate::text::{count, first_line, grouped, readable};
use crate::view::{BuildRow, List, LogRow};

/// The most logs that stand open under their deployment.
const OPEN: usize = 4;

/// What the list was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListFilter {
    /// A status, or nothing for all.
    pub status: String,
    /// An application, or nothing for all.
    pub application: String,
    /// Whether it is the first page.
    pub is_first: bool,
}

/// The list of builds, newest first.
#[must_use]
pub fn list(list: &List, filter: &ListFilter, now: Timestamp) -> Markup {
    let (status, application) = (filter.status.as_str(), filter.application.as_str());
    let here = |after: &str| {
        link::with("/", &[("status", status), ("application", application), ("after", after)])
    };
    let main = html! {
        div.head {
            h1 { "Builds" }
            (filters(filter))
        }
        @if list.builds.is_empty() { (nothing(filter)) }
        @for row in &list.builds { (entry(row, now)) }
        nav.pages aria-label="Pages" {
            @if !filter.is_first { a href=(here("")) { "← Newest builds" } }
            @if let Some(next) = &list.next { a rel="next" href=(here(next)) { "Older builds →" } }
        }
    };
    layout("Builds", "", &main)
}

fn filters(filter: &ListFilter) -> Markup {
    html! {
        form.filters action="/" method="get" {
            label { "Status "
                select name="status" {
                    option value="" { "all" }
                    @for status in Status::ALL {
                        option value=(status.as_str()) selected[status.as_str() == filter.status] { (status.as_str()) }
                    }
                }
            }
            label { "Application "
                input name="application" value=(filter.application) autocomplete="off" spellcheck="false" placeholder="all";
            }
            button type="submit" { "Filter" }
            @if !filter.status.is_empty() || !filter.application.is_empty() { a href="/" { "Show all" } }
        }
    }
}

fn nothing(filter: &ListFilter) -> Markup {
    html! {
        div.empty {
            @if !filter.is_first {
                p { "There are no older builds." }
            } @else if filter.status.is_empty() && filter.application.is_empty() {
                p { "No build yet. Put a log into the bucket:" }
                pre { code { "logmill put build.log" } }
            } @else {
                p { "No build is like that. The application's name must be given in full." }
            }
        }
    }
}

/// One deployment.
fn entry(row: &BuildRow, now: Timestamp) -> Markup {
    let several = row.logs.len() > 1 || row.logs_more > 0;
    let (class, ..) = verdict(row.status, row.result);
    let at = row.created_at.or(row.started_at).unwrap_or(row.seen_at);
    html! {
        article class={ "build " (class) } {
            div.verdict { (badge(row.status, row.result)) (read_so_far(row.logs.iter().find_map(|log| log.progress))) }
            div.what {
                h2 { a href=(link::deployment(&row.deployment_key)) { (readable(name(row))) } }
                @if row.application_name.is_some() { p.key { (readable(&row.deployment_key)) } }
                (why(row, several))
                p.meta { @for fact in origin(row) { span { (readable(&fact)) } } }
                @if several { (logs(row)) }
            }
            div.figures {
                p { (when(at, now)) @if row.duration_s.is_some() { " · " (took(row.duration_s)) } }
                @for said in numbers((row.lines, row.bytes), (row.errors, row.warnings), row.tests) { p { (said) } }
                @if row.logs_more > 0 { p { "in the " (grouped(row.logs.len() as u64)) " logs shown here" } }
            }
        }
    }
}

fn origin(row: &BuildRow) -> Vec<String> {
    let commit = row.commit.as_deref().map(|commit| commit.chars().take(10).collect());
    let fields = [&row.source, &row.deployment_type, &row.branch, &commit, &row.actor];
    fields.into_iter().flatten().filter(|text| !text.is_empty()).cloned().collect()
}

/// Why it failed, in a line.
fn why(row: &BuildRow, several: bool) -> Markup {
    html! {
        @if let Some(error) = &row.error {
            p.why.unread {
                span.reason { "not read" } " "
                @if let Some(part) = row.error_part.as_deref().filter(|part| !part.is_empty()) { b { (part_name(part)) ": " } }
                (first_line(error, 300))
            }
        }
        @if let Some(why) = &row.why {
            @let line = why.explanation.headline_line;
            p.why {
                span.reason { (reason(why.explanation.reason)) } " "
                @if several && !why.part.is_empty() { b { (part_name(&why.part)) ": " } }
                code { (first_line(&why.explanation.headline, 300)) } " "
                a.at href=(link::line(&row.deployment_key, &why.part, line)) { "line " (grouped(line)) }
            }
        } @else if row.result == Some(Outcome::Failed) && row.status.has_ended() {
            p.why.quiet { "It failed; no line of its logs says why." }
        }
    }
}

/// The logs of a deployment: all of a few, else the worst, with the others behind a fold.
fn logs(row: &BuildRow) -> Markup {
    let of_note = |log: &&LogRow| log.result() != Some(Outcome::Success);
    let all = row.logs.len() as u64 + row.logs_more;
    let open: Vec<_> = if row.logs.len() <= OPEN {
        row.logs.iter().collect()
    } else {
        row.logs.iter().filter(of_note).take(OPEN).collect()
    };
    html! {
        (log_list(row, &open))
        @if (open.len() as u64) < all {
            details {
                summary { "All " (count(all, "log")) }
                (log_list(row, &row.logs.iter().collect::<Vec<_>>()))
                @if row.logs_more > 0 {
                    p { a href=(link::deployment(&row.deployment_key)) { (count(row.logs_more, "more log")) } }
                }
            }
        }
    }
}

/// Logs, one a line.
pub(super) fn log_list(row: &BuildRow, logs: &[&LogRow]) -> Markup {
    html! {
        ul.logs {
            @for log in logs {
                li {
                    (badge(log.status, log.result())) (read_so_far(log.progress)) " "
                    a href=(link::build(&row.deployment_key, &log.summary.part)) { (part_name(&log.summary.part)) }
                    @let took = took(log.duration_s());
                    @if !took.is_empty() { span.quiet { " " (took) } }
                    @if let Some(error) = &log.error { " " span.quiet { (first_line(error, 160)) } }
                    @else if let Some(found) = &log.summary.explanation { " " code.quiet { (first_line(&found.headline, 160)) } }
                }
            }
        }
    }
}
