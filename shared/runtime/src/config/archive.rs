//! What the function that archives service logs reads.

use std::time::Duration;

use super::read::Reader;
use super::{Database, Endpoints, Faults, Telemetry};

/// All that the function `archive` reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Archive {
    /// Addresses that take the place of AWS' own.
    pub endpoints: Endpoints,
    /// The bucket of the archive.
    pub bucket: String,
    /// The bucket of the dead letters.
    pub dead_letter_bucket: String,
    /// What the names of the metadata tables begin with; may be `""`.
    pub table_prefix: String,
    /// The database that takes the place of DynamoDB for the metadata.
    pub database: Option<Database>,
    /// What the process tells about itself.
    pub telemetry: Telemetry,
    /// Whether the mapping reads which records failed; else the function fails for all of them.
    pub reports_failures: bool,
}

impl Archive {
    /// Reads and checks all that the function `archive` needs.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let archive = Self::from_reader(&mut reader);
        reader.finish(archive)
    }

    /// Checks all but the settings that refer to secrets ([`super::templates`]).
    ///
    /// # Errors
    /// All faults at once.
    pub fn check(get: impl Fn(&str) -> Option<String>) -> Result<(), Faults> {
        let mut reader = Reader::before_secrets(&get);
        Self::from_reader(&mut reader);
        reader.finish(())
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        let bucket = reader.bucket("LOGMILL_ARCHIVE_BUCKET");
        Self {
            endpoints: Endpoints::from_reader(reader),
            bucket,
            dead_letter_bucket: reader
                .other_bucket("LOGMILL_DEAD_LETTER_BUCKET", "LOGMILL_ARCHIVE_BUCKET"),
            table_prefix: reader.table_prefix("LOGMILL_TABLE_PREFIX"),
            database: Database::from_reader(reader),
            telemetry: Telemetry::from_reader(reader),
            reports_failures: reader
                .one_of("LOGMILL_PARTIAL_BATCHES", &[("off", false), ("on", true)]),
        }
    }
}

/// How the local mapping batches for the archive; on AWS the mappings say so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Batching {
    /// The most records of a batch.
    pub records: usize,
    /// How long a batch waits for more.
    pub window: Duration,
}

impl Batching {
    /// Reads and checks it.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let records = reader.number("LOGMILL_ARCHIVE_BATCH", 1, 10_000);
        let seconds = reader.number("LOGMILL_ARCHIVE_SECONDS", 1, 300);
        reader.finish(Self { records, window: Duration::from_secs(seconds) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_to_be_set_and_dead_letters_stay_apart() {
        let archive = Archive::read(|_| None).unwrap();
        assert_eq!((archive.bucket.as_str(), archive.reports_failures), ("logs-archive", false));
        let same = |name: &str| {
            (name == "LOGMILL_ARCHIVE_BUCKET").then(|| "logmill-dead-letters".to_owned())
        };
        let faults = Archive::read(same).unwrap_err().to_string();
        assert!(faults.contains("is that of LOGMILL_ARCHIVE_BUCKET too"), "{faults}");
    }
}
