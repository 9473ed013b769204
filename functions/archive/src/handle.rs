//! A batch: what of it is not yet archived becomes objects.

use std::time::Instant;

use jiff::Timestamp;
use logmill_deadletter::{DeadLetters, Failure, Place, Reason};
use logmill_kafka_event::{Answer, Batch, Item, Malformed, NotKafka, Record};
use logmill_metadata::Entries;
use logmill_objects::{ErrorKind, Objects, PutOptions};
use logmill_runtime::cause::{Cause, TryAgain};
use logmill_runtime::telemetry::names;

use crate::object::{self, Extent};
use crate::progress::{self, Partition};
use crate::{FUNCTION, Settings};

/// The function with its clients.
#[derive(Debug)]
pub struct Archive<S> {
    /// How far partitions are archived.
    pub metadata: S,
    /// Where the archive lies.
    pub objects: Objects,
    /// Where goes what is no record.
    pub dead_letters: DeadLetters,
    /// What it was told.
    pub settings: Settings,
}

impl<S: Entries> Archive<S> {
    /// Archives what of a batch is not archived yet.
    ///
    /// # Errors
    /// If something is to be delivered again and the mapping does not read which
    /// ([`Settings::reports_failures`]); and for what is no batch at all.
    pub async fn handle(&self, event: &str) -> Result<Answer, TryAgain> {
        let batch = Batch::read(event).map_err(|error: NotKafka| {
            // Nothing else sends events to this function; whoever mapped the wrong source sees it.
            TryAgain::new(Cause::Other, error.to_string())
        })?;
        let mut answer = Answer::default();
        let mut failed: Option<TryAgain> = None;
        let mut partitions: Vec<(Partition, Vec<Record<'_>>)> = Vec::new();
        for item in batch.items {
            match item {
                Item::Record(record) => {
                    let partition = Partition::of(&batch.cluster, &record);
                    match partitions.iter_mut().find(|(known, _)| *known == partition) {
                        Some((_, records)) => records.push(record),
                        None => partitions.push((partition, vec![record])),
                    }
                }
                // Without a place it could not be named in the answer: all of the batch comes again.
                Item::Malformed(malformed) => self.set_aside(malformed).await?,
            }
        }
        for (partition, records) in &partitions {
            if let Err((offset, again)) = self.partition(partition, records).await {
                let place = format!("{}-{} from {offset} on", partition.topic, partition.number);
                tracing::warn!(place, why = again.why, "records are to be delivered again");
                answer.fail(&partition.topic, partition.number, offset);
                failed = Some(again.about(format_args!("archiving {place}")));
            }
        }
        match failed {
            Some(again) if !self.settings.reports_failures => Err(again),
            Some(again) => {
                again.count(FUNCTION);
                Ok(answer)
            }
            None => Ok(answer),
        }
    }

    /// Archives records of one partition. The error names the first that is not archived.
    async fn partition(
        &self,
        partition: &Partition,
        records: &[Record<'_>],
    ) -> Result<(), (i64, TryAgain)> {
        let Some(extent) = Extent::of(&partition.cluster, records) else { return Ok(()) };
        metrics::counter!(names::ARCHIVER_CONSUMED).increment(extent.records);
        let known = progress::read(&self.metadata, partition).await;
        let mut next = known.map_err(|error| (extent.first, TryAgain::after(&error)))?;
        let begun = next;
        loop {
            let left = &records[records.partition_point(|record| record.offset < next)..];
            if left.is_empty() {
                break;
            }
            let run = &left[..object::run(left)];
            next = self
                .store(&partition.cluster, run)
                .await
                .map_err(|again| (run[0].offset, again))?
                + 1;
        }
        let known = records.iter().filter(|record| record.offset < begun).count() as u64;
        if known > 0 {
            metrics::counter!(names::ARCHIVER_SKIPPED).increment(known);
        }
        if next == begun {
            return Ok(());
        }
        let advanced = progress::advance(&self.metadata, partition, next).await;
        advanced.map_err(|error| (extent.first.max(begun), TryAgain::after(&error)))
    }

    /// Puts an object of these records, and says which offset the object that lies there ends with: an
    /// earlier delivery of a batch with other borders may have put another one.
    async fn store(&self, cluster: &str, records: &[Record<'_>]) -> Result<i64, TryAgain> {
        let Some(extent) = Extent::of(cluster, records) else {
            return Err(TryAgain::new(Cause::Other, "there is nothing to archive"));
        };
        let since = Instant::now();
        let content = object::content(records)
            .map_err(|error| TryAgain::new(Cause::Other, format!("compressing failed: {error}")))?;
        let size = content.len();
        let first = &records[0];
        for key in [object::key(first), object::key_of_successor(first)] {
            let options = PutOptions {
                user_metadata: extent.metadata(),
                content_type: Some("application/x-ndjson".to_owned()),
                if_none_match: true,
                ..PutOptions::default()
            };
            let bucket = &self.settings.bucket;
            match self.objects.put(bucket, &key, content.clone(), options).await {
                Ok(_) => {
                    metrics::counter!(names::ARCHIVER_ARCHIVED).increment(extent.records);
                    metrics::counter!(names::ARCHIVER_UPLOADED).increment(1);
                    metrics::histogram!(names::ARCHIVER_SIZE).record(size as f64);
                    metrics::histogram!(names::ARCHIVER_LATENCY).record(since.elapsed());
                    return Ok(extent.last);
                }
                Err(error) if error.kind() == ErrorKind::Changed => {}
                Err(error) => return Err(TryAgain::after(&error)),
            }
            let head = self.objects.head(bucket, &key).await;
            let head = head.map_err(|error| TryAgain::after(&error))?;
            let there = Extent::read(&head.user_metadata).ok_or_else(|| {
                let why = format!("s3://{bucket}/{key} is no archive of Logmill's: move it away");
                TryAgain::new(Cause::Other, why)
            })?;
            let same = there.cluster == extent.cluster
                && (there.first, there.first_timestamp) == (extent.first, extent.first_timestamp);
            if same && there.last >= there.first {
                return Ok(there.last);
            }
        }
        let why = format!(
            "two topics called `{}` were deleted on this day, and their archives are where this one's \
             would lie: move those of partition {} away",
            first.topic, first.partition
        );
        Err(TryAgain::new(Cause::Other, why))
    }

    /// Keeps what is no record.
    async fn set_aside(&self, malformed: Malformed<'_>) -> Result<(), TryAgain> {
        let Malformed { why, whole, topic, partition, offset, timestamp } = malformed;
        let failure = Failure {
            function: FUNCTION.to_owned(),
            reason: Reason { kind: "no_record".to_owned(), message: why },
            attempts: 1,
            occurred_at: timestamp.unwrap_or(Timestamp::UNIX_EPOCH),
            place: Place { topic, partition, offset, ..Place::default() },
            input: whole.as_bytes().to_vec(),
        };
        let kept = self.dead_letters.put(failure).await;
        kept.map(drop).map_err(|error| TryAgain::after(&error).about("keeping a dead letter"))
    }
}
