//! Search over records.

use maud::{Markup, html};
use serde::Deserialize as _;

use super::parts::{Lines, Mark, instant, lines, part_name};
use super::{NO_SEARCH, layout};
use crate::document::{RecordDocument, record_lines};
use crate::fault::Fault;
use crate::link;
use crate::text::{grouped, readable};
use crate::view::{Found, FoundRecord, Line};

/// The most lines of one hit that are shown.
const LINES: usize = 12;

/// What was asked for, as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchForm {
    /// The query.
    pub q: String,
    /// The earliest time.
    pub from: String,
    /// The time that is no longer in.
    pub to: String,
    /// Hits on a page, if it was said.
    pub size: String,
}

const EXAMPLES: [(&str, &str); 7] = [
    ("\"connection refused\"", "these words, one behind the other"),
    ("timeout OR deadlock", "one word or the other"),
    ("level>=ERROR application=shop", "errors of one application"),
    ("level=WARN NOT deprecated", "warnings without that word"),
    ("kind=test fail*", "test lines with words that begin so"),
    ("deployment_key=\"jenkins-ci-shop-42\"", "one deployment"),
    ("@timestamp:[2026-11-01 TO 2026-11-30]", "a span of time"),
];

/// The form, with examples of the language.
#[must_use]
pub fn search_help(form: &SearchForm) -> Markup {
    let main = html! {
        h1 { "Search" }
        (fields(form))
        section {
            h2 { "What can be asked" }
            ul.examples {
                @for (query, meaning) in EXAMPLES {
                    li { a href=(link::with("/search", &[("q", query)])) { code { (query) } } span { (meaning) } }
                }
            }
        }
    };
    layout("Search", NO_SEARCH, &main)
}

/// The form, with where the query is wrong.
#[must_use]
pub fn misread(form: &SearchForm, fault: &Fault) -> Markup {
    let column = fault.text.column.unwrap_or(1);
    // Each character stands for one column here, so that the caret is under what it means.
    let shown: String = form.q.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let caret = format!("{}^", " ".repeat(column.saturating_sub(1).min(shown.chars().count())));
    let main = html! {
        h1 { "Search" }
        (fields(form))
        div.alert role="alert" {
            p { b { (fault.title) } ", column " (column) ": " (readable(&fault.text.message)) }
            pre.caret { code { (readable(&shown)) "\n" span.error { (caret) } } }
            @if let Some(advice) = &fault.text.advice { p.advice { "Hint: " (readable(advice)) } }
        }
    };
    layout("Search", NO_SEARCH, &main)
}

/// The hits.
#[must_use]
pub fn found(form: &SearchForm, found: &Found) -> Markup {
    let next = |after: &str| {
        let (q, from, to, size) = (&form.q, &form.from, &form.to, &form.size);
        link::with(
            "/search",
            &[("q", q), ("from", from), ("to", to), ("size", size), ("after", after)],
        )
    };
    let main = html! {
        h1 { "Search" }
        (fields(form))
        p role="status" {
            @if found.total == 0 { "Nothing found." }
            @else {
                @if !found.total_is_exact { "More than " }
                (grouped(found.total)) @if found.total == 1 { " record" } @else { " records" } ", newest first"
            }
        }
        @for hit in &found.hits { (entry(hit)) }
        @if let Some(after) = &found.next {
            nav.pages aria-label="Pages" { a rel="next" href=(next(after)) { "Older →" } }
        }
    };
    layout(&format!("{} – Search", form.q), NO_SEARCH, &main)
}

fn fields(form: &SearchForm) -> Markup {
    html! {
        form.search role="search" action="/search" method="get" {
            label.wide { "Query "
                input type="search" name="q" value=(form.q) maxlength="4096" autocomplete="off"
                    autocapitalize="off" spellcheck="false" autofocus[form.q.is_empty()];
            }
            label { "From " input name="from" value=(form.from) placeholder="2026-11-21" autocomplete="off" size="20"; }
            label { "To " input name="to" value=(form.to) placeholder="2026-11-22T06:00:00Z" autocomplete="off" size="20"; }
            @if !form.size.is_empty() { input type="hidden" name="size" value=(form.size); }
            button type="submit" { "Search" }
        }
    }
}

fn entry(hit: &FoundRecord) -> Markup {
    let record = RecordDocument::deserialize(&hit.document).unwrap_or_default();
    let key = record.deployment_key.as_deref().unwrap_or_default();
    let part = record.part.as_str();
    let shown: Vec<Line> = hit
        .before
        .iter()
        .cloned()
        .chain(record_lines(&record).take(LINES))
        .chain(hit.behind.iter().cloned())
        .collect();
    let marked = [(record.line, record.end_line.max(record.line))];
    html! {
        article.hit {
            p.meta {
                @if key.is_empty() {
                    b { (readable(record.service.as_deref().unwrap_or("unknown"))) }
                } @else {
                    a href=(link::build(key, part)) { (readable(record.application.as_deref().unwrap_or(key))) @if !part.is_empty() { " / " (part_name(part)) } }
                    @if record.application.is_some() { span.key { (readable(key)) } }
                    a href=(link::line(key, part, record.line)) { "line " (grouped(record.line)) }
                }
                @if let Some(at) = record.at { span { (instant(at)) } }
                @if let Some(level) = record.level { span { (level.as_str()) } }
            }
            @if key.is_empty() {
                pre.block { code { (readable(&record.message)) } }
            } @else {
                (lines(&Lines { mark: Mark::Hit, key, part, marked: &marked, headline: None, anchors: false }, &shown))
            }
        }
    }
}
