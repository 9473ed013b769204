//! The documents that the cases write.

use jiff::{SignedDuration, Timestamp};
use logmill_model::{Fields, Level, Record, RecordKind};

use super::{Bench, Fault, Result, same};
use crate::{BulkLimits, BulkWriter, Origin, Written};

/// When the suite's logs were observed: 2026-11-21T12:00:00Z.
pub(super) fn observed() -> Timestamp {
    Timestamp::from_second(1_795_262_400).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `minutes` before [`observed`].
pub(super) fn before(minutes: i64) -> Option<Timestamp> {
    observed().checked_sub(SignedDuration::from_mins(minutes)).ok()
}

pub(super) fn origin(key: &str, part: &str, generation: &str) -> Origin {
    Origin {
        deployment_key: key.to_owned(),
        part: part.to_owned(),
        source: Some("jenkins".to_owned()),
        application: Some("shop".to_owned()),
        generation: generation.to_owned(),
        parser_version: "1".to_owned(),
        observed_at: observed(),
    }
}

/// A record that happened `100 - line` minutes before the log was observed.
pub(super) fn record(line: u64, message: &str) -> Record {
    Record {
        line,
        end_line: line,
        timestamp: before(100 - i64::try_from(line.min(100)).unwrap_or(100)),
        level: None,
        kind: RecordKind::Text,
        step: None,
        message: message.to_owned(),
        template_id: None,
        fields: Fields::default(),
    }
}

pub(super) fn with_level(mut record: Record, level: Level) -> Record {
    record.level = Some(level);
    record
}

pub(super) fn with_fields(mut record: Record, fields: &[(&'static str, &str)]) -> Record {
    for &(name, value) in fields {
        record.fields.insert(name, value);
    }
    record
}

impl Bench {
    /// Writes the records of a log and makes them visible.
    pub(super) async fn send(
        &self,
        origin: &Origin,
        records: &[Record],
    ) -> std::result::Result<Written, Fault> {
        let mut writer = BulkWriter::new(self.documents.names().clone(), BulkLimits::default());
        for record in records {
            writer.record(origin, record)?;
        }
        let written = self.documents.write(writer.take(), self.deadline()).await?;
        self.documents.refresh(self.deadline()).await?;
        Ok(written)
    }

    /// The same, where none may be refused.
    pub(super) async fn write(&self, origin: &Origin, records: &[Record]) -> Result {
        let written = self.send(origin, records).await?;
        same("written", &written.written, &records.len())?;
        same("rejected", &written.rejected, &Vec::new())
    }

    /// Writes one record for each text, from line 1.
    pub(super) async fn write_lines(&self, key: &str, texts: &[&str]) -> Result {
        let records: Vec<_> = (1..).zip(texts).map(|(line, text)| record(line, text)).collect();
        self.write(&origin(key, "", "g1"), &records).await
    }
}
