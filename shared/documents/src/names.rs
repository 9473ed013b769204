//! The names of indices, aliases and templates: the one place that knows them.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How old a stamp may be, measured from when its log was observed, to choose the month itself.
const OLDEST: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How far ahead a stamp may be.
const NEWEST: SignedDuration = SignedDuration::from_hours(24);

/// The kinds of documents, each with its indices.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// Records: one log event each.
    Logs,
    /// What sums a log up, one each.
    Builds,
    /// Single tests.
    Tests,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Builds, Self::Tests];

    /// The name in index names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Builds => "builds",
            Self::Tests => "tests",
        }
    }
}

/// A calendar month, UTC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of an instant.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = at.to_zoned(TimeZone::UTC).date();
        Self { year: date.year(), month: date.month() }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}.{:02}", self.year, self.month)
    }
}

/// Why a document stands in the month in which it was observed, not in that of its own stamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TimeFault {
    /// It has no stamp.
    Missing,
    /// Its stamp is more than 90 days before, or a day after it was observed.
    OutOfRange,
}

impl TimeFault {
    /// The value of the field `time_fault`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::OutOfRange => "out_of_range",
        }
    }
}

/// When an event counts as having happened, the month whose index holds it, and what was wrong with
/// its stamp. Depends on nothing but its arguments, so that a repeat finds its own document.
#[must_use]
pub fn place(
    stamp: Option<Timestamp>,
    observed_at: Timestamp,
) -> (Timestamp, Month, Option<TimeFault>) {
    let Some(at) = stamp else {
        return (observed_at, Month::of(observed_at), Some(TimeFault::Missing));
    };
    let age = observed_at.duration_since(at);
    if age > OLDEST || age < -NEWEST {
        return (at, Month::of(observed_at), Some(TimeFault::OutOfRange));
    }
    (at, Month::of(at), None)
}

/// The names, which all begin with one prefix: `logmill`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Names {
    prefix: String,
    logs_alias: Option<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self::new("logmill")
    }
}

impl Names {
    /// Names that begin with `prefix`, of `[a-z0-9-]`: another one for each suite of tests.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), logs_alias: None }
    }

    /// With another read alias for records, as the setting `OPENSEARCH_READ_ALIAS` has it.
    #[must_use]
    pub fn with_logs_alias(mut self, alias: impl Into<String>) -> Self {
        self.logs_alias = Some(alias.into());
        self
    }

    /// The index of a month, `logmill-logs-2026.11` for example.
    #[must_use]
    pub fn index(&self, kind: Kind, month: Month) -> String {
        format!("{}-{}-{month}", self.prefix, kind.as_str())
    }

    /// The alias that reads all months.
    #[must_use]
    pub fn alias(&self, kind: Kind) -> String {
        match (&self.logs_alias, kind) {
            (Some(alias), Kind::Logs) => alias.clone(),
            _ => self.template(kind),
        }
    }

    /// The policy of index state management for the indices of all kinds.
    #[must_use]
    pub fn lifecycle(&self) -> String {
        format!("{}-lifecycle", self.prefix)
    }

    /// The index template.
    #[must_use]
    pub fn template(&self, kind: Kind) -> String {
        format!("{}-{}", self.prefix, kind.as_str())
    }

    /// The pattern that all months match.
    #[must_use]
    pub fn pattern(&self, kind: Kind) -> String {
        format!("{}-{}-*", self.prefix, kind.as_str())
    }

    /// The aliases of all kinds, as one path.
    #[must_use]
    pub(crate) fn all(&self) -> String {
        Kind::ALL.map(|kind| self.alias(kind)).join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_repeat_finds_the_month_that_the_first_write_chose() {
        let observed = at("2026-11-21T00:00:00Z");
        let month = |stamp: Option<&str>| {
            let (_, month, fault) = place(stamp.map(at), observed);
            (month.to_string(), fault)
        };
        assert_eq!(month(Some("2026-10-31T23:59:59Z")), ("2026.10".into(), None));
        assert_eq!(month(None), ("2026.11".into(), Some(TimeFault::Missing)));
        let out = Some(TimeFault::OutOfRange);
        assert_eq!(month(Some("2026-08-22T23:59:59Z")), ("2026.11".into(), out));
        assert_eq!(month(Some("2026-08-23T00:00:00Z")), ("2026.08".into(), None), "90 days are in");
        assert_eq!(month(Some("2026-11-22T00:00:00Z")), ("2026.11".into(), None), "a day is in");
        assert_eq!(month(Some("2026-11-22T00:00:01Z")), ("2026.11".into(), out));
        let names = Names::default();
        assert_eq!(names.index(Kind::Logs, Month::of(observed)), "logmill-logs-2026.11");
        assert_eq!(names.with_logs_alias("all-logs").alias(Kind::Logs), "all-logs");
    }
}
