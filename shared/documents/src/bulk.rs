//! Writing: documents gathered up to a bound, sent in one request, answered item by item.

use bytes::Bytes;
use jiff::Timestamp;
use logmill_model::{Record, TestCase};
use logmill_runtime::retry::Deadline;
use serde::{Deserialize, Serialize};

use crate::body::Document;
use crate::client::Request;
use crate::{BuildParts, Documents, Error, ErrorKind, Names, Origin};

/// When a bulk is full.
#[derive(Clone, Copy, Debug)]
pub struct BulkLimits {
    /// Bytes; the last document may reach over it.
    pub bytes: usize,
    /// Documents.
    pub count: usize,
}

impl Default for BulkLimits {
    fn default() -> Self {
        Self { bytes: 5 * 1024 * 1024, count: 1_000 }
    }
}

/// Documents that are to be written together. Memory: the request's body, at most
/// [`BulkLimits::bytes`] and one document.
#[derive(Clone, Debug, Default)]
pub struct Bulk {
    body: Vec<u8>,
    /// Where each document's two lines end.
    ends: Vec<usize>,
}

impl Bulk {
    /// How many documents it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of its request.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    fn push(&mut self, names: &Names, document: &Document<'_>) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Head<'a> {
            index: Place<'a>,
        }
        #[derive(Serialize)]
        struct Place<'a> {
            _index: &'a str,
            _id: &'a str,
        }
        let index = names.index(document.kind, document.month);
        let head = Head { index: Place { _index: &index, _id: &document.id } };
        let before = self.body.len();
        let written = serde_json::to_writer(&mut self.body, &head).and_then(|()| {
            self.body.push(b'\n');
            serde_json::to_writer(&mut self.body, &document.body)
        });
        if let Err(error) = written {
            self.body.truncate(before);
            let request = Request::post("writing a document", "");
            let detail = format!("document {} of {index}: {error}", document.id);
            return Err(request.fault(ErrorKind::Refused, detail));
        }
        self.body.push(b'\n');
        self.ends.push(self.body.len());
        Ok(())
    }

    /// The two lines of a document.
    fn item(&self, at: usize) -> &[u8] {
        let start =
            at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).map_or(&[], |&end| &self.body[start..end])
    }

    fn only(&self, items: &[usize]) -> Self {
        let mut some = Self::default();
        for &item in items {
            some.body.extend_from_slice(self.item(item));
            some.ends.push(some.body.len());
        }
        some
    }
}

/// A document that the engine will never take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejected {
    /// The status of its item, 400 for example.
    pub status: u16,
    /// What the engine said: the error's type and reason.
    pub reason: String,
    /// The document's two lines of the bulk request: index and id, then the body.
    pub item: Vec<u8>,
}

/// What became of a bulk.
#[derive(Clone, Debug, Default)]
#[must_use = "rejected documents belong to the dead letters"]
pub struct Written {
    /// Documents that the engine holds now.
    pub written: usize,
    /// Documents that it will never take.
    pub rejected: Vec<Rejected>,
    /// How many requests it took.
    pub requests: u32,
}

#[derive(Deserialize)]
struct Answer {
    errors: bool,
    items: Vec<AnswerItem>,
}

#[derive(Deserialize)]
struct AnswerItem {
    index: ItemResult,
}

#[derive(Deserialize)]
struct ItemResult {
    status: u16,
    error: Option<ItemError>,
}

#[derive(Deserialize)]
struct ItemError {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    caused_by: Option<Box<ItemError>>,
}

impl ItemResult {
    fn is_retryable(&self) -> bool {
        matches!(self.status, 408 | 429 | 500 | 502 | 503 | 504)
            || self.error.as_ref().is_some_and(|error| error.name.contains("rejected_execution"))
    }

    fn reason(&self) -> String {
        let mut text = String::new();
        let mut error = self.error.as_ref();
        while let Some(one) = error {
            let between = if text.is_empty() { "" } else { ", by " };
            text.push_str(&format!(
                "{between}{}: {}",
                one.name,
                one.reason.as_deref().unwrap_or("")
            ));
            error = one.caused_by.as_deref();
        }
        text
    }
}

impl Documents {
    /// Writes a bulk. Items that were throttled are sent again, with pauses, inside the deadline;
    /// every item is written under its computed id, so a repeat writes nothing twice.
    ///
    /// # Errors
    /// Where the engine took not all of the retryable items in time; then the whole bulk may be
    /// written again. The error is retryable unless the engine refuses the request as such.
    pub async fn write(&self, bulk: Bulk, deadline: Deadline) -> Result<Written, Error> {
        let mut done = Written::default();
        let mut bulk = bulk;
        let mut failed = 0;
        while !bulk.is_empty() {
            let request = Request::post("writing documents", "/_bulk")
                .ndjson(Bytes::from(std::mem::take(&mut bulk.body)));
            done.requests += 1;
            let error = match self.send_once(&request, deadline).await {
                Ok(answer) => {
                    bulk.body = request.into_body();
                    let again = sort_out(&bulk, &answer, &mut done).map_err(|detail| {
                        Request::post("writing documents", "/_bulk")
                            .fault(ErrorKind::Answer, detail)
                    })?;
                    if again.is_empty() {
                        return Ok(done);
                    }
                    bulk = bulk.only(&again);
                    let detail = format!("{} documents were throttled", again.len());
                    Request::post("writing documents", "/_bulk").fault(ErrorKind::Throttled, detail)
                }
                Err(error) => {
                    bulk.body = request.into_body();
                    error
                }
            };
            failed += 1;
            self.pause(failed, error, deadline).await?;
        }
        Ok(done)
    }
}

/// Counts what was written, keeps what was rejected, and returns the items to send again.
fn sort_out(bulk: &Bulk, answer: &[u8], done: &mut Written) -> Result<Vec<usize>, String> {
    let answer: Answer = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    if answer.items.len() != bulk.len() {
        return Err(format!("{} items answered, {} sent", answer.items.len(), bulk.len()));
    }
    if !answer.errors && answer.items.iter().all(|item| item.index.status < 300) {
        done.written += bulk.len();
        return Ok(Vec::new());
    }
    let mut again = Vec::new();
    for (at, AnswerItem { index: item }) in answer.items.iter().enumerate() {
        if (200..300).contains(&item.status) {
            done.written += 1;
        } else if item.is_retryable() {
            again.push(at);
        } else {
            let (status, reason) = (item.status, item.reason());
            done.rejected.push(Rejected { status, reason, item: bulk.item(at).to_vec() });
        }
    }
    Ok(again)
}

/// Gathers documents and says when it is time to write them.
#[derive(Debug)]
pub struct BulkWriter {
    names: Names,
    limits: BulkLimits,
    bulk: Bulk,
}

impl BulkWriter {
    /// An empty one.
    #[must_use]
    pub fn new(names: Names, limits: BulkLimits) -> Self {
        Self { names, limits, bulk: Bulk::default() }
    }

    /// Adds a record. Then, if [`Self::is_full`], take the bulk ([`Self::take`]) and write it
    /// ([`Documents::write`]).
    ///
    /// # Errors
    /// Where it cannot be written as JSON; nothing was added then.
    pub fn record(&mut self, origin: &Origin, record: &Record) -> Result<(), Error> {
        self.bulk.push(&self.names, &Document::record(origin, record))
    }

    /// Adds a single test; `at` is when it ran, or its build began.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn test(
        &mut self,
        origin: &Origin,
        at: Option<Timestamp>,
        test: &TestCase,
    ) -> Result<(), Error> {
        self.bulk.push(&self.names, &Document::test(origin, at, test))
    }

    /// Adds a build document.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn build(&mut self, origin: &Origin, parts: BuildParts<'_>) -> Result<(), Error> {
        self.bulk.push(&self.names, &Document::build(origin, parts))
    }

    /// Whether a bound is reached.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bulk.bytes() >= self.limits.bytes || self.bulk.len() >= self.limits.count
    }

    /// How many documents wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bulk.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bulk.is_empty()
    }

    /// Takes the waiting documents out, to be written ([`Documents::write`]) while the next ones are
    /// gathered.
    pub fn take(&mut self) -> Bulk {
        std::mem::take(&mut self.bulk)
    }
}
