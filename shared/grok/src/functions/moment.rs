//! Points in time as texts have them.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{SpanRound, Timestamp, Unit};
use serde_json::Value;

use super::{Run, arguments::Arguments};
use crate::grok::Outcome;

/// The format that stands for RFC 3339.
const RFC_3339: &str = "%+";

/// How a text says a point in time.
#[derive(Clone, Debug)]
pub(super) struct Format {
    pattern: String,
    zone: TimeZone,
}

impl Format {
    /// A format of `strftime`; `zone` holds where the text names none.
    pub(super) fn new(pattern: &str, zone: TimeZone) -> Result<Self, String> {
        let now = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        if pattern != RFC_3339 {
            strtime::format(pattern, &now)
                .map_err(|error| format!("\"{pattern}\" is no format of a time: {error}"))?;
        }
        Ok(Self { pattern: pattern.to_owned(), zone })
    }

    /// The point in time that `text` says; where it has no year, that with which it is nearest to `at`.
    pub(super) fn read(&self, text: &str, at: Timestamp) -> Option<Timestamp> {
        if self.pattern == RFC_3339 {
            return text.parse().ok();
        }
        let broken = BrokenDownTime::parse(&self.pattern, text).ok()?;
        if let Ok(timestamp) = broken.to_timestamp() {
            return Some(timestamp);
        }
        let date = match broken.to_date() {
            Ok(date) => date,
            Err(_) if broken.year().is_none() => {
                nearest(broken.month()?, broken.day()?, at, &self.zone)?
            }
            Err(_) => return None,
        };
        let time = broken.to_time().unwrap_or(Time::midnight());
        in_zone(date.to_datetime(time), &broken, &self.zone)
    }
}

fn in_zone(moment: DateTime, broken: &BrokenDownTime, zone: &TimeZone) -> Option<Timestamp> {
    match broken.offset() {
        Some(offset) => offset.to_timestamp(moment).ok(),
        None => zone.to_timestamp(moment).ok(),
    }
}

/// The date of a month and a day that is nearest to `at`: a log of December may be read in January.
pub(super) fn nearest(month: i8, day: i8, at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let today = zone.to_datetime(at).date();
    (today.year().checked_sub(1)?..=today.year().checked_add(1)?)
        .filter_map(|year| Date::new(year, month, day).ok())
        .min_by_key(|date| {
            let distance = today.until(*date).and_then(|span| {
                span.round(SpanRound::new().smallest(Unit::Day).days_are_24_hours())
            });
            distance.map_or(i32::MAX, |span| span.get_days().abs())
        })
}

/// As documents have it: RFC 3339 in UTC, with as many groups of three digits as the fraction needs.
pub(super) fn value(at: Timestamp) -> Value {
    let nanosecond = at.subsec_nanosecond();
    let digits = match nanosecond {
        0 => 0,
        _ if nanosecond % 1_000_000 == 0 => 3,
        _ if nanosecond % 1_000 == 0 => 6,
        _ => 9,
    };
    Value::String(format!("{at:.digits$}"))
}

/// The zone that a function is told.
pub(super) fn zone(arguments: &mut Arguments<'_>) -> Result<TimeZone, String> {
    match arguments.text("timezone")? {
        None | Some("default" | "local" | "") => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name).map_err(|_| {
            format!("there is no time zone {name}: write, for example, Europe/Berlin")
        }),
    }
}

/// `parse_timestamp`: a text as a point in time.
pub(super) fn timestamp(arguments: &mut Arguments<'_>, _: &crate::Library) -> Result<Run, String> {
    let format = Format::new(arguments.needed_text("format")?, zone(arguments)?)?;
    Ok(Box::new(move |text, at, _| {
        format.read(text, at).map_or(Outcome::Missed, |moment| Outcome::Found(value(moment)))
    }))
}
