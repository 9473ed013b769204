//! Other dates, zones, colours and line ends.

use std::sync::LazyLock;

use fastrand::Rng;
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span};
use regex::{Captures, Regex};
use serde_json::Value;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static DATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(20[0-4]\d-[01]\d-[0-3]\d)([T ][0-2]\d:[0-5]\d)").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([^\n][^\d.\n])(20[0-4]\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{1,9})?)Z")
        .unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static COLOUR: LazyLock<Regex> = LazyLock::new(|| Regex::new("\u{1b}\\[[0-9;]*m").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
pub(super) static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:\u{feff}?\d{4}-\d\d-\d\dT[\d:.]+Z |\[task \d{4}-\d\d-\d\dT[\d:.]+Z\] (?:\d\d:\d\d:\d\d +[A-Z]+ - )?",
        r"|\d\d:\d\d:\d\d +INFO - )"
    ))
    .unwrap()
});

/// Every date that has a time with it is so many days later.
pub(super) fn later(log: &str, row: &mut Value, rng: &mut Rng) -> String {
    let days = Span::new().days(rng.i64(1..900));
    let shift = |text: &str| {
        DATE.replace_all(text, |found: &Captures<'_>| {
            let date: Option<Date> = found[1].parse().ok();
            let date = date.and_then(|date| date.checked_add(days).ok());
            date.map_or_else(|| found[0].to_owned(), |date| format!("{date}{}", &found[2]))
        })
        .into_owned()
    };
    if let Some(steps) = row.get_mut("steps").and_then(Value::as_array_mut) {
        for step in steps {
            for key in ["started", "finished"] {
                if let Some(time) = step[key].as_str().map(shift) {
                    step[key] = Value::String(time);
                }
            }
        }
    }
    shift(log)
}

/// Stamps in a line, not the one that a CI system begins it with, tell their moment in another zone.
pub(super) fn other_zone(log: &str, rng: &mut Rng) -> String {
    let hours = rng.i64(-11..13);
    STAMP
        .replace_all(log, |found: &Captures<'_>| {
            let there: Option<DateTime> = found[2].parse().ok();
            let there =
                there.and_then(|time| time.checked_add(SignedDuration::from_hours(hours)).ok());
            let sign = if hours < 0 { '-' } else { '+' };
            there.map_or_else(
                || found[0].to_owned(),
                |there| format!("{}{there}{sign}{:02}:00", &found[1], hours.abs()),
            )
        })
        .into_owned()
}

/// Some lines are coloured, or none any more.
pub(super) fn colours(log: &str, rng: &mut Rng) -> String {
    if rng.bool() {
        return COLOUR.replace_all(log, "").into_owned();
    }
    let mut coloured = String::with_capacity(log.len() + 1024);
    for line in log.split_inclusive('\n') {
        let text = line.trim_end_matches(['\r', '\n']);
        let at = PREFIX.find(text).map_or(0, |found| found.end());
        let body = &text[at..];
        // What CI systems say to themselves is not coloured, nor are tables of another tool.
        let plain = body.contains('\u{1b}') || body.contains('\r') || body.trim().is_empty();
        let marker =
            ["##[", "::", "travis_", "{", "[command]"].iter().any(|mark| body.starts_with(mark));
        if plain || marker || rng.u8(..10) > 0 {
            coloured.push_str(line);
        } else {
            let code = rng.u8(31..37);
            coloured.push_str(&text[..at]);
            coloured.push_str(&format!("\u{1b}[{code}m{body}\u{1b}[0m"));
            coloured.push_str(&line[text.len()..]);
        }
    }
    coloured
}

/// Every line ends with CR LF.
pub(super) fn line_ends(log: &str) -> String {
    log.replace("\r\n", "\n").replace('\n', "\r\n")
}
