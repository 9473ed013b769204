//! A record becomes a document.

use std::borrow::Cow;

use logmill_documents::{BulkWriter, ServiceRecord};
use logmill_event::{Event, MAX_BYTES, Object, UNKNOWN_SERVICE, Value};
use logmill_grok::field::ADDRESSES;
use logmill_grok::{Patterns, Scratch};
use logmill_kafka_event::Record;
use logmill_model::mask::Values;
use logmill_model::{Level, RecordKind, id};
use logmill_runtime::telemetry::names;

use crate::masking::Masking;
use crate::promote::Roots;
use crate::{Database, Poison, Settings, find, geo, origin};

/// Who wrote a document.
const VERSION: &str = concat!("consume-", env!("CARGO_PKG_VERSION"));
/// The most characters of a service's name.
const MOST_SERVICE: usize = 128;

/// What is known beside the events themselves.
#[derive(Clone, Debug)]
pub struct Enrichment {
    /// What messages look like.
    pub patterns: Patterns,
    /// Where addresses are.
    pub databases: Vec<Database>,
}

/// Makes documents of the records of one cluster.
#[derive(Debug)]
pub struct Preparer<'s> {
    settings: &'s Settings,
    enrichment: &'s Enrichment,
    cluster: String,
    scratch: Scratch,
    values: Values,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    hits: u64,
    misses: u64,
    gave_up: u64,
    values_cut: u64,
    texts_cut: u64,
    invalid: u64,
}

/// An event, and what it came as.
struct Incoming<'a> {
    event: Event<'a>,
    kind: RecordKind,
}

impl<'s> Preparer<'s> {
    /// One for the cluster of that name.
    #[must_use]
    pub fn new(settings: &'s Settings, enrichment: &'s Enrichment, cluster: &str) -> Self {
        Self {
            settings,
            enrichment,
            cluster: id::cluster(cluster),
            scratch: Scratch::default(),
            values: Values::new(settings.masking),
            counts: Counts::default(),
        }
    }

    /// Adds a record's document, known by `tag` if it is rejected.
    ///
    /// # Errors
    /// It never becomes one.
    pub fn add(
        &mut self,
        record: &Record<'_>,
        writer: &mut BulkWriter,
        tag: usize,
    ) -> Result<(), Poison> {
        let value = record.value.as_deref().ok_or(Poison::Tombstone)?;
        let observed_at = record.timestamp.ok_or(Poison::NoTime)?;
        let Incoming { mut event, kind } = self.read(record, value)?;
        self.find(&mut event, record);
        origin::fill(&mut event);
        let level = event.level.or_else(|| find::level(&event.other)).unwrap_or(Level::Info);
        let geo = geo::locate(&self.enrichment.databases, addresses(&event));
        let named = self.id(&event, record);
        let masked_before = self.values.count();
        let mut masking = Masking::new(&mut self.values);
        for own in [&mut event.service, &mut event.id] {
            masking.optional(own);
        }
        let id = self.shown_id(named, &event, masked_before);
        let values_cut = self.mask(&mut event);
        self.counts.values_cut += values_cut;
        keep(&mut event);
        let roots = Roots { labels: &event.labels, payload: &event.payload, fields: &event.other };
        let settings = self.settings;
        let (num, key) = (roots.numbers(&settings.numbers), roots.words(&settings.words));
        let generation = format!("{}-{}-{}", record.topic, record.partition, record.offset);
        let document = ServiceRecord {
            id,
            timestamp: event.timestamp,
            observed_at,
            service: event.service.as_deref().unwrap_or(UNKNOWN_SERVICE),
            level,
            message: &event.message,
            kind,
            host: event.host.as_deref(),
            trace_id: event.trace_id.as_deref(),
            request_id: event.request_id.as_deref(),
            client_ip: event.client_ip.as_deref(),
            env: event.env.as_deref().unwrap_or(&settings.env),
            version: event.version.as_deref(),
            source: &record.topic,
            generation: &generation,
            parser_version: VERSION,
            labels: &event.labels,
            payload: &event.payload,
            fields: &event.other,
            num: &num,
            key: &key,
            geo,
            values_cut,
        };
        let refused = |error: logmill_documents::Error| Poison::Rejected {
            status: 400,
            reason: error.to_string(),
        };
        self.counts.texts_cut += u64::from(writer.service_record(document, tag).map_err(refused)?);
        Ok(())
    }

    /// An event, or a line of text where the topic may have some.
    fn read<'a>(&mut self, record: &Record<'a>, value: &'a [u8]) -> Result<Incoming<'a>, Poison> {
        if value.len() > MAX_BYTES {
            return Err(Poison::TooLarge(value.len()));
        }
        let faults = match Event::read(value) {
            Ok(event) => return Ok(Incoming { event, kind: RecordKind::Log }),
            Err(faults) => faults,
        };
        let line = value.trim_ascii_end();
        if line.is_empty() || !self.settings.raw_topics.iter().any(|topic| *topic == record.topic) {
            return Err(faults.into());
        }
        let message = String::from_utf8_lossy(line);
        self.counts.invalid += u64::from(matches!(message, Cow::Owned(_)));
        let key = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let key = key.filter(|key| !key.is_empty() && key.chars().count() <= MOST_SERVICE);
        let service = key.map(|key| Cow::Owned(key.to_owned()));
        Ok(Incoming {
            event: Event { message, service, ..Event::default() },
            kind: RecordKind::Text,
        })
    }

    fn find(&mut self, event: &mut Event<'_>, record: &Record<'_>) {
        let at = event.timestamp.or(record.timestamp).unwrap_or_default();
        let found = find::find(&self.enrichment.patterns, event, at, &mut self.scratch);
        self.counts.hits += u64::from(found.hit);
        self.counts.misses += u64::from(!found.hit);
        self.counts.gave_up += found.gave_up as u64;
    }

    /// The id of the document.
    fn id(&self, event: &Event<'_>, record: &Record<'_>) -> String {
        let Some(own) = &event.id else {
            let at = record.timestamp.unwrap_or_default().as_millisecond();
            let (partition, offset) = (record.partition, record.offset);
            return id::kafka_document_id(&self.cluster, &record.topic, partition, offset, at);
        };
        id::service_document_id(event.service.as_deref().unwrap_or(UNKNOWN_SERVICE), own)
    }

    /// The same, hidden if it is made of what was masked.
    fn shown_id(&self, id: String, event: &Event<'_>, masked_before: u64) -> String {
        let is_shown = event.id.is_none() || self.values.count() == masked_before;
        if is_shown { id } else { id::hidden(&id) }
    }

    /// Masks what the document shows; how many values were cut.
    fn mask(&mut self, event: &mut Event<'_>) -> u64 {
        let mut masking = Masking::new(&mut self.values);
        masking.text(&mut event.message);
        for own in [
            &mut event.host,
            &mut event.trace_id,
            &mut event.request_id,
            &mut event.client_ip,
            &mut event.env,
            &mut event.version,
            &mut event.level_given,
        ] {
            masking.optional(own);
        }
        for object in [&mut event.labels, &mut event.payload, &mut event.other] {
            masking.object(object);
        }
        masking.cut
    }
}

impl Drop for Preparer<'_> {
    fn drop(&mut self) {
        let counts = &self.counts;
        for (result, number) in
            [("hit", counts.hits), ("miss", counts.misses), ("gave_up", counts.gave_up)]
        {
            if number > 0 {
                metrics::counter!(names::CONSUME_PATTERNS, "result" => result).increment(number);
            }
        }
        for (limit, number) in [
            ("value", counts.values_cut),
            ("text", counts.texts_cut),
            ("invalid_utf8", counts.invalid),
        ] {
            if number > 0 {
                metrics::counter!(names::CONSUME_CUT, "limit" => limit).increment(number);
            }
        }
        metrics::counter!(names::CONSUME_MASKED).increment(self.values.count());
    }
}

/// What an event says and a document has no field for stays among the other fields.
fn keep<'a>(event: &mut Event<'a>) {
    let given = event.level_given.take().map(|given| ("level", given));
    let own = event.id.take().map(|id| ("id", id));
    for (name, text) in [given, own].into_iter().flatten() {
        if event.other.get(name).is_none() {
            event.other.0.push((Cow::Borrowed(name), Value::Text(text)));
        }
    }
}

/// The addresses that an event names, the client's own first.
fn addresses<'e>(event: &'e Event<'_>) -> impl Iterator<Item = &'e str> {
    let own = event.client_ip.as_deref();
    let payload = text(&event.payload, "ip_address");
    let found = ADDRESSES.iter().filter_map(|name| {
        text(&event.other, name).or_else(|| {
            let (outer, inner) = name.split_once('.')?;
            match event.other.get(outer)? {
                Value::Object(nested) => text(nested, inner),
                _ => None,
            }
        })
    });
    own.into_iter().chain(payload).chain(found)
}

fn text<'e>(object: &'e Object<'_>, name: &str) -> Option<&'e str> {
    match object.get(name)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
