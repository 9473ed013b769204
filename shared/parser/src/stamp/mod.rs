//! Time stamps at the beginning of a line, in the forms that logging libraries, daemons and CI
//! systems write. They are read by hand: every line of a CI log has one.
//!
//! `iso` reads what begins with a year, `words` what names its month, `epoch` what counts since
//! 1970. What a form leaves out, the year, the day or the zone, comes from [`Clock`]: from the stamp
//! before, or else from what the caller assumes.

mod access;
mod clock;
mod epoch;
mod iso;
#[cfg(test)]
mod tests;
mod words;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

pub use clock::Assumed;
pub(crate) use clock::Clock;

/// How far into a line a stamp may begin.
const WITHIN: usize = 128;

/// A stamp as it stands in the text, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp {
    /// The time where it was written; what `lacks` names is made up.
    pub(crate) civil: DateTime,
    /// Seconds east of Greenwich, if the text names the zone.
    pub(crate) east: Option<i32>,
    /// Where its text ends in the line, in bytes.
    pub(crate) length: usize,
    /// Digits of the fraction of a second: GitHub writes seven.
    pub(crate) fraction_digits: usize,
    pub(crate) lacks: Lacks,
}

/// What a form of stamp leaves out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lacks {
    Nothing,
    Year,
    Date,
}

impl Stamp {
    fn of_instant(instant: Timestamp, length: usize) -> Self {
        let civil = Offset::UTC.to_datetime(instant);
        Self { civil, east: Some(0), length, fraction_digits: 0, lacks: Lacks::Nothing }
    }

    /// Whether the text names the zone.
    pub(crate) fn is_zoned(&self) -> bool {
        self.east.is_some()
    }

    /// The instant of a stamp that names everything.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        let known = self.lacks == Lacks::Nothing;
        known.then(|| Offset::from_seconds(self.east?).ok()?.to_timestamp(self.civil).ok())?
    }

    fn behind(mut self, skipped: usize) -> Self {
        self.length += skipped;
        self
    }
}

/// The stamp that `text` begins with, or that stands behind what some writers put before it: a
/// bracket, a level, a thread's name, a client's address.
pub(crate) fn at_start(text: &str) -> Option<Stamp> {
    let bytes = text.as_bytes();
    let stamp = match bytes.first()? {
        b'0'..=b'9' => digits(bytes).or_else(|| access::stamp(bytes)),
        b'[' => bracketed(bytes),
        b'"' | b'(' => digits(&bytes[1..]).map(|stamp| stamp.behind(1)),
        b'<' => priority(bytes),
        b'{' => epoch::in_json(bytes),
        b'#' if bytes.starts_with(b"#+") => epoch::history(bytes),
        b'@' => epoch::tai64n(bytes),
        b'A'..=b'Z' | b'a'..=b'z' => letters(bytes),
        _ => None,
    };
    stamp.filter(|stamp| stamp.length <= WITHIN)
}

/// `12:34:56`, `12:34:56.789`: a time of day, whose date is that of the stamp before.
pub(crate) fn time_of_day(bytes: &[u8]) -> Option<Stamp> {
    if bytes.len() < 8 || !is_clock(bytes) || bytes.get(8).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (hour, minute, second) = (two(bytes, 0)?, two(bytes, 3)?, two(bytes, 6)?.min(59));
    let (nanosecond, fraction_digits, length) = fraction(bytes, 8);
    let time = Time::new(hour, minute, second, nanosecond).ok()?;
    let civil = DateTime::from_parts(Date::constant(1970, 1, 1), time);
    Some(Stamp { civil, east: None, length, fraction_digits, lacks: Lacks::Date })
}

/// What begins with a digit.
fn digits(bytes: &[u8]) -> Option<Stamp> {
    match bytes.get(2)? {
        // Logback's default, strace: with a fraction, for `12:34:56` alone may be a duration.
        b':' => time_of_day(bytes)
            .filter(|stamp| stamp.fraction_digits >= 3 && bytes.get(stamp.length) == Some(&b' ')),
        b'-' | b' ' | b'/' | b'.' => words::day_first(bytes),
        _ => iso::at_start(bytes).or_else(|| epoch::at_start(bytes)),
    }
}

/// `[2024-05-01 12:00:00] …`, `[Wed Oct 11 14:32:52.123 2000] …`, `[1617181723.123456] …`; Apache's
/// error log and uwsgi have their date in a second pair of brackets.
fn bracketed(bytes: &[u8]) -> Option<Stamp> {
    let inner = &bytes[1..];
    let stamp = match inner.first()? {
        b'0'..=b'9' => digits(inner),
        b' ' => epoch::at_start(inner.trim_ascii_start())
            .map(|stamp| stamp.behind(inner.len() - inner.trim_ascii_start().len())),
        b'A'..=b'Z' => words::at_start(inner),
        _ => None,
    };
    let stamp = stamp.map(|stamp| stamp.behind(1));
    stamp.or_else(|| behind_level(bytes)).or_else(|| access::stamp(bytes))
}

/// `<34>Oct 11 22:14:15 …` and `<34>1 2003-10-11T22:14:15.003Z …`: syslog's priority.
fn priority(bytes: &[u8]) -> Option<Stamp> {
    let end = bytes.iter().take(5).position(|&byte| byte == b'>')? + 1;
    number(&bytes[1..end - 1])?;
    let version = usize::from(bytes[end..].starts_with(b"1 ")) * 2;
    let rest = &bytes[end + version..];
    let stamp = iso::at_start(rest).or_else(|| words::at_start(rest));
    stamp.map(|stamp| stamp.behind(end + version))
}

/// What begins with a letter: a month, a day of the week, klog's level, a key, a level.
fn letters(bytes: &[u8]) -> Option<Stamp> {
    words::at_start(bytes)
        .or_else(|| words::klog(bytes))
        .or_else(|| behind_key(bytes))
        .or_else(|| behind_level(bytes))
        .or_else(|| access::stamp(bytes))
}

/// `time="2024-05-01T12:00:00Z" level=info`, `ts=1714564800.123 …`
fn behind_key(bytes: &[u8]) -> Option<Stamp> {
    if !matches!(bytes[0], b't' | b'd') {
        return None;
    }
    let key = ["time=", "ts=", "t=", "timestamp=", "date="]
        .into_iter()
        .find(|key| bytes.starts_with(key.as_bytes()))?;
    let skipped = key.len() + usize::from(bytes.get(key.len()) == Some(&b'"'));
    let value = bytes.get(skipped..)?;
    let stamp = iso::at_start(value).or_else(|| epoch::at_start(value));
    stamp.map(|stamp| stamp.behind(skipped))
}

/// `INFO 2024-05-01 12:00:00,123 …`, `[INFO] 2024-05-01 …`, `MainThread::INFO::2011-12-05 …`
fn behind_level(bytes: &[u8]) -> Option<Stamp> {
    const LEVELS: [&[u8]; 9] = [
        b"INFO",
        b"DEBUG",
        b"WARN",
        b"ERROR",
        b"TRACE",
        b"FATAL",
        b"CRITICAL",
        b"NOTICE",
        b"SEVERE",
    ];
    /// A thread's name and a level are no longer.
    const MOST: usize = 40;
    // A year of this century, where digits follow what cannot be part of a name.
    let head = &bytes[..bytes.len().min(MOST)];
    let at = memchr::memchr_iter(b'2', head).find(|&at| {
        at > 0
            && head.get(at + 1) == Some(&b'0')
            && matches!(head[at - 1], b' ' | b':' | b'[' | b'|' | b'-')
    })?;
    let head = &head[..at];
    let named = LEVELS.iter().any(|level| memchr::memmem::find(head, level).is_some());
    let stamp = if named { iso::at_start(&bytes[at..]) } else { None };
    stamp.map(|stamp| stamp.behind(at))
}

/// Whether `bytes` begin as `12:34:56` does.
fn is_clock(bytes: &[u8]) -> bool {
    bytes.len() >= 8 && bytes[2] == b':' && bytes[5] == b':'
}

/// The fraction of a second at `at`, as nanoseconds; its digits; and where it ends.
fn fraction(bytes: &[u8], mut at: usize) -> (i32, usize, usize) {
    let (mut nanosecond, mut digits, mut unit) = (0_i32, 0, 100_000_000);
    if matches!(bytes.get(at), Some(b'.' | b','))
        && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    {
        at += 1;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            nanosecond += i32::from(digit - b'0') * unit;
            unit /= 10;
            digits += 1;
            at += 1;
        }
    }
    (nanosecond, digits, at)
}

/// The zone that `bytes` begin with: seconds east of Greenwich, and its length. Names of zones other
/// than Greenwich's mean several, so that they are none.
fn zone(bytes: &[u8]) -> Option<(i32, usize)> {
    let sign = match bytes.first()? {
        b'Z' | b'z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        b' ' if bytes.starts_with(b" UTC") || bytes.starts_with(b" GMT") => return Some((0, 4)),
        // `2026-03-04 10:15:22 -0530`, as Ruby and Git write.
        b' ' if matches!(bytes.get(1), Some(b'+' | b'-')) && bytes.len() >= 6 => {
            let (east, length) = zone(&bytes[1..])?;
            return (length >= 5).then_some((east, length + 1));
        }
        _ => return None,
    };
    let hours = number(bytes.get(1..3)?)?;
    let (minutes, length) = match bytes.get(3) {
        Some(b':') => (number(bytes.get(4..6)?)?, 6),
        Some(digit) if digit.is_ascii_digit() => (number(bytes.get(3..5)?)?, 5),
        _ => (0, 3),
    };
    (hours < 24 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60), length))
}

/// The number of two digits at `at`.
fn two(bytes: &[u8], at: usize) -> Option<i8> {
    i8::try_from(number(bytes.get(at..at + 2)?)?).ok()
}

/// The number that `digits` spell; none if one of them is no digit, or if there are too many.
fn number(digits: &[u8]) -> Option<i32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0'))
    })
}
