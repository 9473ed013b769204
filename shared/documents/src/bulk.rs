//! Documents gathered up to a bound, to be sent in one request.

use jiff::Timestamp;
use logmill_model::{Record, TestCase};
use serde::Serialize;

use crate::body::Document;
use crate::client::Request;
use crate::pace::Pace;
use crate::service::ServiceRecord;
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
    pub(crate) body: Vec<u8>,
    /// Where each document's two lines end.
    ends: Vec<usize>,
    /// By what each document is known to whoever added it.
    tags: Vec<usize>,
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

    fn push<B: Serialize>(
        &mut self,
        names: &Names,
        document: &Document<B>,
        tag: usize,
    ) -> Result<(), Error> {
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
        self.tags.push(tag);
        Ok(())
    }

    /// By what a document is known to whoever added it.
    pub(crate) fn tag(&self, at: usize) -> usize {
        self.tags.get(at).copied().unwrap_or_default()
    }

    /// What the documents are known by to whoever added them, in their order.
    #[must_use]
    pub fn tags(&self) -> &[usize] {
        &self.tags
    }

    /// The two lines of a document.
    pub(crate) fn item(&self, at: usize) -> &[u8] {
        let start =
            at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).map_or(&[], |&end| &self.body[start..end])
    }

    /// The items before and from the middle on.
    pub(crate) fn halves(&self) -> [Self; 2] {
        let middle = self.len() / 2;
        [0..middle, middle..self.len()].map(|items| self.only(&items.collect::<Vec<_>>()))
    }

    pub(crate) fn only(&self, items: &[usize]) -> Self {
        let mut some = Self::default();
        for &item in items {
            some.body.extend_from_slice(self.item(item));
            some.ends.push(some.body.len());
            some.tags.push(self.tag(item));
        }
        some
    }
}

/// Gathers documents and says when it is time to write them.
#[derive(Debug)]
pub struct BulkWriter {
    names: Names,
    limits: BulkLimits,
    pace: Pace,
    bulk: Bulk,
}

impl Documents {
    /// Gathers documents for this engine: bulks become smaller while its answers are slow.
    #[must_use]
    pub fn writer(&self, limits: BulkLimits) -> BulkWriter {
        BulkWriter { pace: self.pace.clone(), ..BulkWriter::new(self.names.clone(), limits) }
    }
}

impl BulkWriter {
    /// An empty one that heeds the limits alone.
    #[must_use]
    pub fn new(names: Names, limits: BulkLimits) -> Self {
        Self { names, limits, pace: Pace::default(), bulk: Bulk::default() }
    }

    /// Adds a record. Then, if [`Self::is_full`], take the bulk ([`Self::take`]) and write it
    /// ([`Documents::write`]).
    ///
    /// # Errors
    /// Where it cannot be written as JSON; nothing was added then.
    pub fn record(&mut self, origin: &Origin, record: &Record) -> Result<(), Error> {
        self.bulk.push(&self.names, &Document::record(origin, record), 0)
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
        self.bulk.push(&self.names, &Document::test(origin, at, test), 0)
    }

    /// Adds a build document.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn build(&mut self, origin: &Origin, parts: BuildParts<'_>) -> Result<(), Error> {
        self.bulk.push(&self.names, &Document::build(origin, parts), 0)
    }

    /// Adds a record of a service's log, known by `tag` if it is rejected ([`crate::Rejected`]);
    /// whether its `text` leaves something out.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn service_record(&mut self, record: ServiceRecord<'_>, tag: usize) -> Result<bool, Error> {
        let document = record.document();
        self.bulk.push(&self.names, &document, tag)?;
        Ok(document.body.is_text_cut())
    }

    /// Whether a bound is reached.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bulk.bytes() >= self.pace.bytes(self.limits.bytes)
            || self.bulk.len() >= self.limits.count
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
