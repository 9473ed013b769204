//! A batch, from its event to the answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use logmill_deadletter::Failure;
use logmill_documents::{Bulk, BulkWriter, Written};
use logmill_kafka_event::{Answer, Batch, Item};
use logmill_model::Timestamp;
use logmill_runtime::cause::TryAgain;
use logmill_runtime::retry::Deadline;
use logmill_runtime::telemetry::names;

use crate::{Consume, FUNCTION, Invocation, Poison, Preparer, letter};

/// The most that is kept for the answer itself.
const ANSWERING: Duration = Duration::from_millis(500);
/// How many dead letters are written at once.
const LETTERS_AT_ONCE: usize = 8;
/// How many dead letters may wait for documents to be written.
const MOST_WAITING: usize = 100;

/// What has become of a batch so far.
struct Progress<'b, 'a> {
    batch: &'b Batch<'a>,
    began: Instant,
    now: Timestamp,
    until: Deadline,
    /// Letters that are to be written, and of which items.
    letters: Vec<(usize, Failure)>,
    /// Items that are to be delivered again.
    failed: BTreeSet<usize>,
    /// Why, of the first of them.
    why: Option<TryAgain>,
}

impl Consume {
    /// Works on the event of a mapping.
    ///
    /// # Errors
    /// [`TryAgain`] where the whole batch is to be delivered again; everything in it that was done is
    /// found done when it comes.
    pub async fn handle(&self, event: &str, invocation: &Invocation) -> Result<Answer, TryAgain> {
        let left = invocation.deadline.remaining();
        let until = invocation.deadline.with_reserve(ANSWERING.min(left / 10));
        let batch = match Batch::read(event) {
            Ok(batch) => batch,
            Err(error) => {
                let failure = letter::of_event(event, &error.into());
                self.dead_letter(failure, invocation.now, until).await?;
                return Ok(Answer::default());
            }
        };
        let mut progress = Progress {
            batch: &batch,
            began: Instant::now(),
            now: invocation.now,
            until,
            letters: Vec::new(),
            failed: BTreeSet::new(),
            why: None,
        };
        self.work(&mut progress).await?;
        self.answer(progress)
    }

    async fn work(&self, progress: &mut Progress<'_, '_>) -> Result<(), TryAgain> {
        let load = self.loaded.get_or_try_init(|| self.sources.load(&self.objects, progress.until));
        let enrichment = load.await?;
        let batch = progress.batch;
        let mut writer = self.documents.writer(self.settings.bulk);
        let mut preparer = Preparer::new(&self.settings, enrichment, &batch.cluster);
        for (at, item) in batch.items.iter().enumerate() {
            let added = match item {
                Item::Record(record) => preparer.add(record, &mut writer, at),
                Item::Malformed(malformed) => Err(Poison::NoRecord(malformed.why.clone())),
            };
            if let Err(poison) = added {
                progress.letters.push((at, letter::of_item(item, &poison, &batch.cluster)));
            }
            let is_full = writer.is_full() || progress.letters.len() >= MOST_WAITING;
            if is_full && !self.flush(&mut writer, progress).await {
                // The others would fail alike, and are delivered again with these.
                progress.failed.extend(at + 1..batch.items.len());
                return Ok(());
            }
        }
        self.flush(&mut writer, progress).await;
        Ok(())
    }

    /// Writes the documents and dead letters that wait; whether all went well.
    async fn flush(&self, writer: &mut BulkWriter, progress: &mut Progress<'_, '_>) -> bool {
        let bulk = writer.take();
        if !bulk.is_empty() {
            self.write(bulk, progress).await;
        }
        self.write_letters(progress).await;
        progress.failed.is_empty()
    }

    async fn write(&self, bulk: Bulk, progress: &mut Progress<'_, '_>) {
        let tags = bulk.tags().to_vec();
        metrics::histogram!(names::ES_BULK_BYTES).record(bulk.bytes() as f64);
        match self.documents.write(bulk, progress.until).await {
            Ok(written) => progress.written(written, &tags),
            Err(error) => {
                let mut again = TryAgain::after(&error);
                again.why = format!("{} documents cannot be written: {}", tags.len(), again.why);
                progress.again(tags, again);
            }
        }
    }

    async fn write_letters(&self, progress: &mut Progress<'_, '_>) {
        let (now, until) = (progress.now, progress.until);
        let works = std::mem::take(&mut progress.letters)
            .into_iter()
            .map(async |(at, failure)| (at, self.dead_letter(failure, now, until).await));
        let done: Vec<_> =
            futures_util::stream::iter(works).buffer_unordered(LETTERS_AT_ONCE).collect().await;
        for (at, done) in done {
            match done {
                Ok(()) => count("dead_letter", 1),
                Err(again) => progress.again([at], again),
            }
        }
    }

    async fn dead_letter(
        &self,
        failure: Failure,
        now: Timestamp,
        until: Deadline,
    ) -> Result<(), TryAgain> {
        let why = failure.reason.message.clone();
        let putting = self.dead_letters.put_at(failure, now);
        match tokio::time::timeout(until.remaining(), putting).await {
            Ok(Ok(key)) => {
                tracing::error!(key, why, "a dead letter was written");
                Ok(())
            }
            Ok(Err(error)) => {
                Err(TryAgain::after(&error).about("the dead letter cannot be written"))
            }
            Err(_) => Err(TryAgain::out_of_time().about("the dead letter cannot be written")),
        }
    }

    /// Names what is to be delivered again, where the mapping reads that and it has a name.
    fn answer(&self, progress: Progress<'_, '_>) -> Result<Answer, TryAgain> {
        let Progress { batch, failed, why, .. } = progress;
        let mut answer = Answer::default();
        let Some(why) = why else { return Ok(answer) };
        count("retried", failed.len() as u64);
        let why = why.about(format_args!("{} records", failed.len()));
        for at in failed {
            let place = match &batch.items[at] {
                Item::Record(record) => Some((&*record.topic, record.partition, record.offset)),
                Item::Malformed(bad) => bad
                    .topic
                    .as_deref()
                    .zip(bad.partition)
                    .zip(bad.offset)
                    .map(|((topic, partition), offset)| (topic, partition, offset)),
            };
            match place.filter(|_| self.settings.reports_failures) {
                Some((topic, partition, offset)) => answer.fail(topic, partition, offset),
                None => return Err(why),
            }
        }
        why.count(FUNCTION);
        let TryAgain { cause, why } = why;
        tracing::warn!(%cause, why, "records will be delivered again");
        Ok(answer)
    }
}

impl Progress<'_, '_> {
    fn again(&mut self, items: impl IntoIterator<Item = usize>, why: TryAgain) {
        self.failed.extend(items);
        self.why.get_or_insert(why);
    }

    /// What OpenSearch took, and what it refused.
    fn written(&mut self, written: Written, tags: &[usize]) {
        metrics::counter!(names::ES_WRITE_SUCCESS).increment(written.written as u64);
        metrics::counter!(names::ES_WRITE_ERRORS).increment(written.rejected.len() as u64);
        count("indexed", written.written as u64);
        let time = |tag: &usize| match &self.batch.items[*tag] {
            Item::Record(record) => record.timestamp,
            Item::Malformed(_) => None,
        };
        if let Some(oldest) = tags.iter().filter_map(time).min() {
            let age = self.now.duration_since(oldest);
            let age = Duration::try_from(age).unwrap_or_default() + self.began.elapsed();
            metrics::histogram!(names::PROCESSING_LATENCY).record(age);
        }
        for rejected in written.rejected {
            let poison = Poison::Rejected { status: rejected.status, reason: rejected.reason };
            let item = &self.batch.items[rejected.tag];
            let failure = letter::of_item(item, &poison, &self.batch.cluster);
            self.letters.push((rejected.tag, failure));
        }
    }
}

/// Counts what became of records.
fn count(result: &'static str, number: u64) {
    metrics::counter!(names::CONSUME_RECORDS, "result" => result).increment(number);
}
