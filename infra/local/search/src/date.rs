//! Dates as OpenSearch takes and prints them: milliseconds since 1970, ISO 8601, and the small
//! part of its date arithmetic (`now-15m`) that filters use.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde_json::Value;

/// Which end of a period a date means that leaves out its smaller parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Round {
    /// Its first millisecond.
    Down,
    /// Its last.
    Up,
}

/// The milliseconds since 1970 that a document's value means; `None` if it is no date.
pub(crate) fn from_value(value: &Value, round: Round) -> Option<i64> {
    match value {
        Value::Number(number) =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "a date with a fraction of a ms")]
            number.as_i64().or_else(|| number.as_f64().map(|number| number as i64))
        }
        Value::String(text) => parse(text, round),
        _ => None,
    }
}

/// `strict_date_optional_time||epoch_millis`.
pub(crate) fn parse(text: &str, round: Round) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return text.parse().ok();
    }
    if bytes.len() == 10 {
        let day: Date = text.parse().ok()?;
        let day = match round {
            Round::Down => day.at(0, 0, 0, 0),
            Round::Up => day.at(23, 59, 59, 999_000_000),
        };
        return millisecond(day);
    }
    if bytes.get(10) != Some(&b'T') {
        return None;
    }
    let at = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp.as_millisecond(),
        Err(_) => millisecond(text.parse().ok()?)?,
    };
    let missing = match round {
        Round::Down => 0,
        Round::Up => left_out(text.get(11..)?),
    };
    at.checked_add(missing)
}

/// From the first to the last millisecond that a time of day means: `12:00:00` has a thousand.
fn left_out(time: &str) -> i64 {
    let time = time.split(['Z', '+', '-']).next().unwrap_or(time);
    match time.split(':').count() {
        _ if time.contains(['.', ',']) => 0,
        1 => 3_599_999,
        2 => 59_999,
        _ => 999,
    }
}

fn millisecond(at: DateTime) -> Option<i64> {
    Offset::UTC.to_timestamp(at).ok().map(Timestamp::as_millisecond)
}

/// A bound of a range: a date, or `now` with spans added or taken away (`now-1d+30m`).
pub(crate) fn bound(value: &Value, round: Round) -> Option<i64> {
    let Some(rest) = value.as_str().and_then(|text| text.strip_prefix("now")) else {
        return from_value(value, round);
    };
    let mut at = Timestamp::now().as_millisecond();
    let mut rest = rest;
    while !rest.is_empty() {
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        rest = rest.strip_prefix(['+', '-'])?;
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, tail) = rest.split_at(digits);
        let mut unit = tail.chars();
        let span = unit_ms(unit.next()?)?;
        at = at.checked_add(span.checked_mul(sign * count.parse::<i64>().ok()?)?)?;
        rest = unit.as_str();
    }
    Some(at)
}

const fn unit_ms(unit: char) -> Option<i64> {
    Some(match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' | 'H' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        _ => return None,
    })
}

/// A span as settings and intervals write it: `500ms`, `30s`, `5m`, `1h`, `1d`.
pub(crate) fn span(text: &str) -> Option<i64> {
    if let Some(count) = text.strip_suffix("ms") {
        return count.parse().ok();
    }
    let unit = text.chars().next_back()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    count.checked_mul(unit_ms(unit)?)
}

/// `2026-11-21T15:04:05.123Z`, as OpenSearch prints a date.
pub(crate) fn print(millisecond: i64) -> String {
    Timestamp::from_millisecond(millisecond)
        .map_or_else(|_| millisecond.to_string(), |at| format!("{at:.3}"))
}

/// The first millisecond of each month from the one that holds `from` to that after `to`.
pub(crate) fn months(from: i64, to: i64) -> Option<Vec<i64>> {
    let mut month =
        Offset::UTC.to_datetime(Timestamp::from_millisecond(from).ok()?).date().first_of_month();
    let mut starts = Vec::new();
    loop {
        let start = millisecond(month.at(0, 0, 0, 0))?;
        starts.push(start);
        if start > to || starts.len() > 2_400 {
            return (starts.len() <= 2_400).then_some(starts);
        }
        month = month.checked_add(jiff::Span::new().months(1)).ok()?;
    }
}
