//! What a stamp leaves out: the zone, the year, the day.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use logmill_model::Cuts;
use serde::{Deserialize, Serialize};

use super::{Lacks, Stamp};

/// What is assumed of stamps that leave something out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Assumed {
    /// About when the log was written: the year, or the whole date, of the first stamp without.
    /// Without it they are read as of 1 January 1970.
    pub date: Option<Date>,
    /// The zone of stamps that name none, as seconds east of Greenwich.
    pub seconds_east: i32,
}

/// Reads stamps as instants.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Clock {
    /// The last stamp, as its writer's clock showed it.
    last: Option<DateTime>,
}

impl Clock {
    /// The instant of `stamp`. What it lacks is that of the stamp before, or else what `assumed`
    /// says, which is counted.
    pub(crate) fn instant(
        &mut self,
        stamp: &Stamp,
        assumed: &Assumed,
        cuts: &mut Cuts,
    ) -> Option<Timestamp> {
        let mut civil = stamp.civil;
        if stamp.lacks != Lacks::Nothing {
            cuts.date_assumed += u64::from(self.last.is_none());
            civil = match (stamp.lacks, self.last) {
                (Lacks::Date, Some(last)) => with_date(civil, last)?,
                (Lacks::Date, None) => assumed.day().to_datetime(civil.time()),
                (_, Some(last)) => with_year(civil, nearest_year(civil, last.date()))?,
                (_, None) => with_year(civil, assumed.latest_year(civil))?,
            };
        }
        self.last = Some(civil);
        cuts.zone_assumed += u64::from(stamp.east.is_none());
        let east = stamp.east.unwrap_or(assumed.seconds_east);
        Offset::from_seconds(east).ok()?.to_timestamp(civil).ok()
    }

    /// Notes a stamp of another kind, whose date those that lack one take over.
    pub(crate) fn note(&mut self, instant: Timestamp) {
        self.last = Some(Offset::UTC.to_datetime(instant));
    }
}

impl Assumed {
    /// That the log was written until `end`, in UTC.
    #[must_use]
    pub fn until(end: Timestamp) -> Self {
        Self { date: Some(Offset::UTC.to_datetime(end).date()), seconds_east: 0 }
    }

    fn day(&self) -> Date {
        self.date.unwrap_or(Date::constant(1970, 1, 1))
    }

    /// The year of a time that lies before the end of the log.
    fn latest_year(&self, time: DateTime) -> i16 {
        let day = self.day();
        let is_later = self.date.is_some()
            && (time.month(), time.day()) > (day.month(), day.day().saturating_add(1));
        day.year() - i16::from(is_later)
    }
}

/// The time of day on the day of `last`, or on the next one if it lies half a day before.
fn with_date(time: DateTime, last: DateTime) -> Option<DateTime> {
    let civil = last.date().to_datetime(time.time());
    let is_next = civil < last.checked_sub(Span::new().hours(12)).ok()?;
    if is_next { civil.checked_add(Span::new().days(1)).ok() } else { Some(civil) }
}

/// The year that brings the time nearest to `date`.
fn nearest_year(time: DateTime, date: Date) -> i16 {
    let distance = time.month() - date.month();
    date.year() + i16::from(distance < -6) - i16::from(distance > 6)
}

fn with_year(time: DateTime, year: i16) -> Option<DateTime> {
    // 29 February of a year that has none.
    time.with().year(year).build().or_else(|_| time.with().year(year).day(28).build()).ok()
}
