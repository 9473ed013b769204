//! A page of a log: its lines as they are indexed.

use maud::{Markup, html};

use super::layout;
use super::parts::{Lines, Mark, lines, part_name};
use crate::link::{self, LOG_PAGE};
use crate::text::{count, grouped, readable};
use crate::view::LogPage;

/// Links to errors that stand over a page.
const ERROR_LINKS: usize = 20;

/// 500 lines of a log.
#[must_use]
pub fn log(log: &LogPage) -> Markup {
    let (key, part) = (log.deployment_key.as_str(), log.part.as_str());
    let main = html! {
        div.head {
            h1 { "Log" @if !part.is_empty() { " " (part_name(part)) } }
            p { "Build " a.key href=(link::build(key, part)) { (readable(key)) } }
        }
        (errors(log))
        (turn(log, true))
        @if log.lines.is_empty() {
            div.empty { p { (empty(log)) } }
        } @else {
            (lines(&Lines { mark: Mark::Error, key, part, marked: &log.errors, headline: None, anchors: true }, &log.lines))
        }
        (turn(log, false))
    };
    layout(&format!("Log {key} {part}"), "", &main)
}

fn empty(log: &LogPage) -> String {
    match log.lines_total {
        Some(total) if log.from > total => {
            format!("The log ends before: it has {}.", count(total, "line"))
        }
        _ => {
            "No line of this part of the log is indexed; the object in the bucket has all of them."
                .to_owned()
        }
    }
}

fn errors(log: &LogPage) -> Markup {
    let (key, part) = (log.deployment_key.as_str(), log.part.as_str());
    let hidden = log.errors.len().saturating_sub(ERROR_LINKS);
    html! {
        @if !log.errors.is_empty() {
            p.jump {
                "Errors: "
                @for (line, _) in log.errors.iter().take(ERROR_LINKS) {
                    a href=(link::line(key, part, *line)) { (line) } " "
                }
                @if hidden > 0 { a href=(link::build(key, part)) { "and " (grouped(hidden as u64)) " more" } }
            }
        }
    }
}

/// The pages before and behind, and any line.
fn turn(log: &LogPage, top: bool) -> Markup {
    let (key, part) = (log.deployment_key.as_str(), log.part.as_str());
    let last = log.from.saturating_add(LOG_PAGE - 1);
    let ends = log.lines_total.map_or(log.lines.is_empty(), |total| total <= last);
    html! {
        nav.pages aria-label=(if top { "Pages, above" } else { "Pages, below" }) {
            @if log.from > 1 {
                a href=(link::log(key, part, 1)) { "⇤ First page" }
                a rel="prev" href=(link::log(key, part, log.from.saturating_sub(LOG_PAGE).max(1))) { "← Previous" }
            }
            span {
                (grouped(log.from)) "–" (grouped(log.lines_total.map_or(last, |total| total.min(last).max(log.from))))
                @if let Some(total) = log.lines_total { " of " (grouped(total)) }
            }
            @if !ends {
                a rel="next" href=(link::log(key, part, last.saturating_add(1))) { "Next →" }
                @if let Some(total) = log.lines_total { a href=(link::log(key, part, link::page_of(total))) { "Last page ⇥" } }
            }
            @if top {
                form action=(link::log_path(key)) method="get" {
                    input type="hidden" name="part" value=(part);
                    label { "Line " input type="number" name="line" min="1" max=[log.lines_total] required; }
                    button type="submit" { "Go" }
                }
            }
        }
    }
}
