//! Time stamps at the beginning of a line.
//!
//! ISO 8601 and RFC 3339 as logging libraries write them: `2026-03-04T10:15:22.1234567Z`,
//! `2026-03-04 10:15:22,123`, `2026-03-04T10:15:22+01:00`; digits are read by hand, for every line
//! of a CI log has one.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use logmill_model::Timestamp;

/// A stamp and where it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp {
    /// The time; UTC is assumed where the text names no zone.
    pub(crate) time: Timestamp,
    /// Length of its text in bytes.
    pub(crate) length: usize,
    /// Digits of the fraction of a second: GitHub writes seven.
    pub(crate) fraction_digits: usize,
    /// Whether the text names the zone.
    pub(crate) zoned: bool,
}

/// The stamp that `text` begins with.
pub(crate) fn at_start(text: &str) -> Option<Stamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 19
        || bytes[4] != b'-'
        || bytes[7] != b'-'
        || !matches!(bytes[10], b'T' | b' ' | b't')
        || bytes[13] != b':'
        || bytes[16] != b':'
    {
        return None;
    }
    let two = |at: usize| -> Option<i8> { i8::try_from(number(&bytes[at..at + 2])?).ok() };
    let year = i16::try_from(number(&bytes[0..4])?).ok()?;
    let (month, day) = (two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?.min(59));
    let mut at = 19;
    let (mut nanosecond, mut fraction_digits) = (0_i32, 0);
    if matches!(bytes.get(at), Some(b'.' | b','))
        && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    {
        at += 1;
        let mut unit = 100_000_000;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            nanosecond += i32::from(digit - b'0') * unit;
            unit /= 10;
            fraction_digits += 1;
            at += 1;
        }
    }
    let (seconds_east, zone_length) = zone(&bytes[at..]).map_or((0, None), |(s, n)| (s, Some(n)));
    let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    let time = Offset::from_seconds(seconds_east).ok()?.to_timestamp(civil).ok()?;
    let length = at + zone_length.unwrap_or(0);
    Some(Stamp { time, length, fraction_digits, zoned: zone_length.is_some() })
}

/// The zone that `bytes` begin with: seconds east of Greenwich, and its length.
fn zone(bytes: &[u8]) -> Option<(i32, usize)> {
    let sign = match bytes.first()? {
        b'Z' | b'z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        b' ' if bytes.starts_with(b" UTC") => return Some((0, 4)),
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

/// The number that `digits` spell; none if one of them is no digit.
fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, usize, bool)> {
        at_start(text).map(|stamp| (stamp.time.to_string(), stamp.length, stamp.zoned))
    }

    #[test]
    fn stamps_of_the_usual_writers_are_read() {
        let cases = [
            ("2026-03-04T10:15:22.1234567Z x", "2026-03-04T10:15:22.1234567Z", 28, true),
            ("2026-03-04 10:15:22,123 INFO", "2026-03-04T10:15:22.123Z", 23, false),
            ("2026-03-04T10:15:22+01:00", "2026-03-04T09:15:22Z", 25, true),
            ("2026-03-04 10:15:22 -0530 x", "2026-03-04T15:45:22Z", 25, true),
            ("2026-03-04 10:15:22 - start", "2026-03-04T10:15:22Z", 19, false),
            ("2026-03-04T10:15:22-0530", "2026-03-04T15:45:22Z", 24, true),
            ("2026-03-04 10:15:22 UTC", "2026-03-04T10:15:22Z", 23, true),
            ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z", 20, true),
        ];
        for (text, time, length, zoned) in cases {
            assert_eq!(read(text), Some((time.to_owned(), length, zoned)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_no_stamp() {
        for text in
            ["2026-13-04T10:15:22Z", "2026-02-30 10:15:22", "2026-03-04", "20x6-03-04T10:15:22"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
