//! Numbers, times and log text as people read them, on a page or a terminal.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `text` without anything that a terminal would obey, that turns the reading direction or shows
/// nothing; each such character becomes U+FFFD. Tabs and line ends stay.
#[must_use]
pub fn readable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().any(harmful) {
        text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}

/// The first line that says something, cut to `most` characters.
#[must_use]
pub fn first_line(text: &str, most: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = readable(line);
    match line.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line.into_owned(),
    }
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and too long a time may be cut"
    )]
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 0.05 => "0 s".to_owned(),
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} d {} h", whole / 86_400, whole / 3600 % 24),
    }
}

/// How long ago something was: `just now`, `12 min ago`; the date from 30 days on.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        ..-60 => stamp(at),
        -60..45 => "just now".to_owned(),
        45..3600 => format!("{} min ago", (seconds / 60).max(1)),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        86_400..2_592_000 => format!("{} d ago", seconds / 86_400),
        _ => stamp(at),
    }
}

/// An instant to the second: `2026-11-21 14:03:07 UTC`.
#[must_use]
pub fn stamp(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A number of bytes as people say it: `812 bytes`, `14 kB`, `3.2 MB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "for display")]
pub fn bytes(bytes: u64) -> String {
    let amount = bytes as f64;
    match bytes {
        0..1000 => count(bytes, "byte"),
        1000..9950 => format!("{:.1} kB", amount / 1e3),
        9950..999_500 => format!("{:.0} kB", amount / 1e3),
        999_500..999_950_000 => format!("{:.1} MB", amount / 1e6),
        _ => format!("{:.1} GB", amount / 1e9),
    }
}

/// A number of things: `1 line`, `12,345 lines`.
#[must_use]
pub fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// A number with its digits in groups of three.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// One line or several: `line 7`, `lines 7–12`.
#[must_use]
pub fn lines(first: u64, last: u64) -> String {
    if first >= last { format!("line {first}") } else { format!("lines {first}–{last}") }
}
