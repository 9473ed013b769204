//! Stamps that count: seconds, milliseconds, microseconds or nanoseconds since 1970, and TAI64N.

use jiff::Timestamp;

use super::{Stamp, iso};

/// From 2001 to 2128: what counts less or more is another number.
const SECONDS: std::ops::Range<i64> = 1_000_000_000..5_000_000_000;
/// How far behind TAI is UTC, since 2017; before, it was up to 27 seconds less.
const LEAP_SECONDS: i64 = 10;

/// `1714564800.123456 …`, `1714564800123 …`: seconds with a fraction, or more digits than seconds
/// have. Ten digits alone are too many other things.
pub(super) fn at_start(bytes: &[u8]) -> Option<Stamp> {
    let (instant, length, exact) = read(bytes)?;
    let bounded = bytes
        .get(length)
        .is_none_or(|byte| matches!(byte, b' ' | b'\t' | b']' | b':' | b',' | b'"' | b'|'));
    (exact && bounded).then(|| Stamp::of_instant(instant, length))
}

/// A number that counts, its length, and whether it has digits below the second.
fn read(bytes: &[u8]) -> Option<(Timestamp, usize, bool)> {
    let digits = bytes.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let value = |to: usize| -> Option<i64> { std::str::from_utf8(&bytes[..to]).ok()?.parse().ok() };
    let (seconds, nanosecond) = match digits {
        10 => (value(10)?, None),
        13 => (value(10)?, Some((value(13)? % 1_000) * 1_000_000)),
        16 => (value(10)?, Some((value(16)? % 1_000_000) * 1_000)),
        19 => (value(10)?, Some(value(19)? % 1_000_000_000)),
        _ => return None,
    };
    if !SECONDS.contains(&seconds) {
        return None;
    }
    let (part, part_digits, end) = super::fraction(bytes, digits);
    let nanosecond = match nanosecond {
        Some(nanosecond) => i32::try_from(nanosecond).ok()?,
        None => part,
    };
    let exact = digits > 10 || part_digits >= 3;
    Some((Timestamp::new(seconds, nanosecond).ok()?, end, exact))
}

/// `#+1162490366`: a line of tcsh's history.
pub(super) fn history(bytes: &[u8]) -> Option<Stamp> {
    let (instant, length, _) = read(bytes.get(2..)?)?;
    (bytes.len() == length + 2).then(|| Stamp::of_instant(instant, length + 2))
}

/// `{"ts":1714564800.123,…`, `{"time":"2024-05-01T12:00:00Z",…`: the stamp of a line of JSON.
pub(super) fn in_json(bytes: &[u8]) -> Option<Stamp> {
    const KEYS: [&[u8]; 7] = [
        b"\"time\":",
        b"\"ts\":",
        b"\"timestamp\":",
        b"\"@timestamp\":",
        b"\"t\":",
        b"\"date\":",
        b"\"datetime\":",
    ];
    let head = &bytes[..bytes.len().min(super::WITHIN)];
    if !matches!(head.get(1), Some(b'"' | b' ')) {
        return None;
    }
    let at = KEYS.iter().find_map(|key| Some(memchr::memmem::find(head, key)? + key.len()))?;
    let spaces = bytes[at..].iter().take_while(|byte| **byte == b' ').count();
    let at = at + spaces + usize::from(bytes.get(at + spaces) == Some(&b'"'));
    let value = bytes.get(at..)?;
    let counted = || read(value).map(|(instant, length, _)| Stamp::of_instant(instant, length));
    iso::at_start(value).or_else(counted).map(|stamp| stamp.behind(at))
}

/// `@40000000433225833b6e1a8c`: what multilog and s6-log write.
pub(super) fn tai64n(bytes: &[u8]) -> Option<Stamp> {
    let text = std::str::from_utf8(bytes.get(1..25)?).ok()?;
    let (seconds, nanosecond) = text.split_at_checked(16)?;
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !seconds.starts_with("4000") {
        return None;
    }
    let seconds = i64::from_str_radix(seconds, 16).ok()? - (1 << 62) - LEAP_SECONDS;
    let nanosecond = i32::from_str_radix(nanosecond, 16).ok()?;
    let instant = Timestamp::new(seconds, nanosecond).ok().filter(|_| seconds > 0)?;
    Some(Stamp::of_instant(instant, 25))
}
