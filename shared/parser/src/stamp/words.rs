//! Stamps that name their month: syslog (RFC 3164), `ctime`, Apache's logs, Java's HTTP date, and
//! those that begin with the day in digits. And klog's, whose month stands behind a level's letter.

use jiff::civil::DateTime;

use super::{Lacks, Stamp, fraction, is_clock, number, two, zone};

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
/// Where nothing says which year it is: one that has a 29 February.
const NO_YEAR: i16 = 1972;

/// `Oct 11 22:14:15`, `Wed Oct 11 14:32:52.123456 2000`, `Wed May 19 08:00:01 EST 2021`,
/// `Wed, 19 May 2021 08:00:01 GMT`, `Oct 11, 2000 2:32:52 PM`.
pub(super) fn at_start(bytes: &[u8]) -> Option<Stamp> {
    if !matches!(bytes.get(3)?, b' ' | b',') {
        return None;
    }
    let word = &bytes[..3];
    if DAYS.contains(&word) {
        let skipped = if bytes.get(3) == Some(&b',') { 5 } else { 4 };
        let rest = bytes.get(skipped..)?;
        let stamp =
            if rest.first()?.is_ascii_digit() { day_first(rest) } else { month_first(rest) };
        return stamp.map(|stamp| stamp.behind(skipped));
    }
    month_first(bytes)
}

/// `Oct 11 22:14:15`, and the year where it follows.
fn month_first(bytes: &[u8]) -> Option<Stamp> {
    let month = month(bytes)?;
    let (day, mut at) = day(bytes, 4)?;
    if bytes.get(at) == Some(&b',') {
        return twelve_hours(bytes, month, day, at);
    }
    at += 1;
    let clock = bytes.get(at..)?;
    if !is_clock(clock) {
        return None;
    }
    let (hour, minute, second) = (two(clock, 0)?, two(clock, 3)?, two(clock, 6)?.min(59));
    let (nanosecond, fraction_digits, end) = fraction(bytes, at + 8);
    let (year, east, length) = year_behind(bytes, end);
    let lacks = if year.is_some() { Lacks::Nothing } else { Lacks::Year };
    let year = year.unwrap_or(NO_YEAR);
    let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    Some(Stamp { civil, east, length, fraction_digits, lacks })
}

/// ` 2021`, ` UTC 2021`, ` EST 2021`, ` +0200 2021`: the year, the zone, and where they end.
fn year_behind(bytes: &[u8], end: usize) -> (Option<i16>, Option<i32>, usize) {
    let mut at = end;
    let mut east = None;
    if let Some((known, length)) = zone(&bytes[end..]) {
        (east, at) = (Some(known), end + length);
    } else if bytes.get(end) == Some(&b' ') {
        let name = bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        if (3..=5).contains(&name) {
            at = end + 1 + name;
        }
    }
    let year = bytes.get(at + 1..at + 5).and_then(number).and_then(|year| i16::try_from(year).ok());
    let bounded =
        bytes.get(at) == Some(&b' ') && !bytes.get(at + 5).is_some_and(u8::is_ascii_digit);
    match year.filter(|year| bounded && (1970..2200).contains(year)) {
        Some(year) => (Some(year), east, at + 5),
        None => (None, None, end),
    }
}

/// `Oct 11, 2000 2:32:52 PM`: `java.util.logging` and `DateFormat`.
fn twelve_hours(bytes: &[u8], month: i8, day: i8, comma: usize) -> Option<Stamp> {
    let year = i16::try_from(number(bytes.get(comma + 2..comma + 6)?)?).ok()?;
    let mut at = comma + 6 + usize::from(bytes.get(comma + 6) == Some(&b','));
    at += 1;
    let digits = if bytes.get(at + 1)?.is_ascii_digit() { 2 } else { 1 };
    let hour = i8::try_from(number(bytes.get(at..at + digits)?)?).ok()?;
    let rest = bytes.get(at + digits..at + digits + 9)?;
    if rest[0] != b':' || rest[3] != b':' || !(1..=12).contains(&hour) {
        return None;
    }
    let (minute, second) = (two(rest, 1)?, two(rest, 4)?.min(59));
    let hour = match &rest[7..9] {
        b"AM" => hour % 12,
        b"PM" => hour % 12 + 12,
        _ => return None,
    };
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let length = at + digits + 9;
    Some(Stamp { civil, east: None, length, fraction_digits: 0, lacks: Lacks::Nothing })
}

/// `19 May 2021 08:00:01`, `19-May-2021 08:00:01.123`, `11/Oct/2000:14:32:52 +0200`,
/// `04.03.2026 10:15:22`.
pub(super) fn day_first(bytes: &[u8]) -> Option<Stamp> {
    let day = two(bytes, 0)?;
    let (month, year_at) = match bytes.get(3)? {
        b'A'..=b'Z' => (month(bytes.get(3..)?)?, 7),
        b'0'..=b'9' if bytes[2] == b'.' && bytes.get(5) == Some(&b'.') => (two(bytes, 3)?, 6),
        _ => return None,
    };
    let year = i16::try_from(number(bytes.get(year_at..year_at + 4)?)?).ok()?;
    let at = year_at + 5;
    let clock = bytes.get(at..)?;
    if !is_clock(clock) || !matches!(bytes[at - 1], b' ' | b':' | b'T') {
        return None;
    }
    let (hour, minute, second) = (two(clock, 0)?, two(clock, 3)?, two(clock, 6)?.min(59));
    let (nanosecond, fraction_digits, end) = fraction(bytes, at + 8);
    let zone = zone(&bytes[end..]);
    let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    let (east, length) = (zone.map(|zone| zone.0), end + zone.map_or(0, |zone| zone.1));
    Some(Stamp { civil, east, length, fraction_digits, lacks: Lacks::Nothing })
}

/// `E0517 15:04:22.619632 …`: level, month, day.
pub(super) fn klog(bytes: &[u8]) -> Option<Stamp> {
    if bytes.get(5) != Some(&b' ')
        || !bytes[1].is_ascii_digit()
        || !matches!(bytes[0], b'I' | b'W' | b'E' | b'F' | b'D')
    {
        return None;
    }
    let clock = bytes.get(6..)?;
    if !is_clock(clock) {
        return None;
    }
    let (month, day) = (two(bytes, 1)?, two(bytes, 3)?);
    let (hour, minute, second) = (two(clock, 0)?, two(clock, 3)?, two(clock, 6)?.min(59));
    let (nanosecond, fraction_digits, length) = fraction(bytes, 14);
    let civil = DateTime::new(NO_YEAR, month, day, hour, minute, second, nanosecond).ok()?;
    Some(Stamp { civil, east: None, length, fraction_digits, lacks: Lacks::Year })
}

fn month(bytes: &[u8]) -> Option<i8> {
    let name = bytes.get(..3)?;
    let at = MONTHS.iter().position(|month| *month == name)?;
    i8::try_from(at + 1).ok()
}

/// The day at `at`: `11`, ` 7` or `7`, and where it ends.
fn day(bytes: &[u8], at: usize) -> Option<(i8, usize)> {
    if bytes.get(at - 1) != Some(&b' ') {
        return None;
    }
    let begin = at + usize::from(bytes.get(at) == Some(&b' '));
    let digits =
        bytes.get(begin..)?.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    let day = i8::try_from(number(&bytes[begin..begin + digits])?).ok()?;
    Some((day, begin + digits))
}
