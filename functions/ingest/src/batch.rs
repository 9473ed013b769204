//! The events of one request: those that are good, and what is wrong with the others.

use std::borrow::Cow;

use logmill_event::{Event, Fault, Faults, Object, UNKNOWN_SERVICE, Value};

use crate::key::IdempotencyKey;

/// The most bytes of an event: what brokers take by default, with room for its key.
pub const MAX_EVENT_BYTES: usize = 1_000_000;
/// The most events of a request.
pub const MAX_EVENTS: usize = 20_000;

/// An event as it goes to Kafka.
#[derive(Clone, Debug)]
pub(crate) struct Ready<'a> {
    /// The service, which is the key.
    pub(crate) service: String,
    /// The event's JSON.
    pub(crate) value: Cow<'a, [u8]>,
}

/// An event that is not taken.
#[derive(Clone, Debug)]
pub(crate) struct Bad {
    /// Its place in the request, from 0.
    pub(crate) index: usize,
    /// All that is wrong with it.
    pub(crate) faults: Faults,
    /// Whether it is its size.
    pub(crate) is_too_large: bool,
}

/// The events of a request.
#[derive(Debug, Default)]
pub(crate) struct Batch<'a> {
    pub(crate) good: Vec<Ready<'a>>,
    pub(crate) bad: Vec<Bad>,
    /// How many were seen.
    pub(crate) seen: usize,
    /// How many said nothing, so that there is nothing to keep.
    pub(crate) empty: usize,
    key: Option<IdempotencyKey>,
}

/// There are more events than one request may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooMany;

impl<'a> Batch<'a> {
    pub(crate) fn new(key: Option<IdempotencyKey>) -> Self {
        Self { key, ..Self::default() }
    }

    /// The index of the next event.
    fn next(&mut self) -> Result<usize, TooMany> {
        if self.seen == MAX_EVENTS {
            return Err(TooMany);
        }
        self.seen += 1;
        Ok(self.seen - 1)
    }

    /// An event as JSON, to be sent on as it is.
    pub(crate) fn add_json(&mut self, json: &'a [u8]) -> Result<(), TooMany> {
        let index = self.next()?;
        let json = json.trim_ascii();
        self.judge(index, Cow::Borrowed(json));
        Ok(())
    }

    /// An event that another protocol's was turned into.
    pub(crate) fn add(&mut self, fields: Object<'_>) -> Result<(), TooMany> {
        let index = self.next()?;
        match serde_json::to_vec(&Value::Object(fields)) {
            Ok(json) => self.judge(index, Cow::Owned(json)),
            Err(error) => self.refuse(index, error.to_string()),
        }
        Ok(())
    }

    /// An event that could not be read.
    pub(crate) fn add_bad(&mut self, what: impl Into<String>) -> Result<(), TooMany> {
        let index = self.next()?;
        self.refuse(index, what.into());
        Ok(())
    }

    /// An event that says nothing.
    pub(crate) fn add_empty(&mut self) -> Result<(), TooMany> {
        self.next()?;
        self.empty += 1;
        Ok(())
    }

    fn refuse(&mut self, index: usize, what: String) {
        let faults = Faults(vec![Fault { field: None, what }]);
        self.bad.push(Bad { index, faults, is_too_large: false });
    }

    fn judge(&mut self, index: usize, json: Cow<'a, [u8]>) {
        let too_large = |bytes: usize| {
            let what = format!("it has {bytes} bytes, {MAX_EVENT_BYTES} at most are taken");
            let faults = Faults(vec![Fault { field: None, what }]);
            Bad { index, faults, is_too_large: true }
        };
        if json.len() > MAX_EVENT_BYTES {
            return self.bad.push(too_large(json.len()));
        }
        let (service, has_id) = match Event::read(&json) {
            Ok(event) => {
                let service = event.service.as_deref().unwrap_or(UNKNOWN_SERVICE).to_owned();
                (service, event.id.is_some())
            }
            Err(faults) => return self.bad.push(Bad { index, faults, is_too_large: false }),
        };
        let value = match &self.key {
            Some(key) if !has_id => match key.with_id(index, &json) {
                Ok(json) => Cow::Owned(json),
                Err(error) => return self.refuse(index, error.to_string()),
            },
            _ => json,
        };
        if value.len() > MAX_EVENT_BYTES {
            return self.bad.push(too_large(value.len()));
        }
        self.good.push(Ready { service, value });
    }
}
