//! ISO 8601 and RFC 3339 as logging libraries write them: `2026-03-04T10:15:22.1234567Z`,
//! `2026-03-04 10:15:22,123`, `2026-03-04T10:15:22+01:00`, `2026/03/04 10:15:22`.

use jiff::civil::DateTime;

use super::{Stamp, fraction, is_clock, number, two, zone};

/// The stamp that `text` begins with.
pub(super) fn at_start(bytes: &[u8]) -> Option<Stamp> {
    if bytes.len() < 19
        || !matches!((bytes[4], bytes[7]), (b'-', b'-') | (b'/', b'/'))
        || !matches!(bytes[10], b'T' | b' ' | b't')
        || !is_clock(&bytes[11..])
    {
        return None;
    }
    let year = i16::try_from(number(&bytes[0..4])?).ok()?;
    let (month, day) = (two(bytes, 5)?, two(bytes, 8)?);
    let (hour, minute, second) = (two(bytes, 11)?, two(bytes, 14)?, two(bytes, 17)?.min(59));
    let (nanosecond, fraction_digits, end) = fraction(bytes, 19);
    let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    let zone = zone(&bytes[end..]);
    Some(Stamp {
        civil,
        east: zone.map(|(east, _)| east),
        length: end + zone.map_or(0, |(_, length)| length),
        fraction_digits,
        lacks: super::Lacks::Nothing,
    })
}
