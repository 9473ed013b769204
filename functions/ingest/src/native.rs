//! `POST /logs`: events as Logmill has them.

use http::{HeaderMap, StatusCode};
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::batch::{Batch, MAX_EVENTS, TooMany};
use crate::content::{Content, content};
use crate::publish::Sent;

/// The most events whose faults are listed in one answer.
const LISTED: usize = 1_000;

/// The events of a body.
pub(crate) fn read<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
    batch: &mut Batch<'a>,
) -> Result<(), Refusal> {
    match content(headers) {
        Content::Lines => lines(body, batch),
        Content::Json | Content::Unknown => json_or_lines(body, batch),
        Content::Other(other) => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content-Type: {other}: send application/json or application/x-ndjson"),
        )),
    }
}

/// One event, an array of them, or lines, whichever it looks like.
fn json_or_lines<'a>(body: &'a [u8], batch: &mut Batch<'a>) -> Result<(), Refusal> {
    let trimmed = body.trim_ascii();
    if trimmed.is_empty() {
        return Err(Refusal::bad("the body is empty: send an event, an array of them, or lines"));
    }
    if trimmed.starts_with(b"[") {
        return array(trimmed, batch);
    }
    let is_one = serde_json::from_slice::<&RawValue>(trimmed).is_ok();
    if is_one || !trimmed.contains(&b'\n') {
        return batch.add_json(trimmed).map_err(too_many);
    }
    lines(body, batch)
}

/// An event a line.
fn lines<'a>(body: &'a [u8], batch: &mut Batch<'a>) -> Result<(), Refusal> {
    for line in body.split(|byte| *byte == b'\n') {
        if !line.trim_ascii().is_empty() {
            batch.add_json(line).map_err(too_many)?;
        }
    }
    Ok(())
}

fn array<'a>(body: &'a [u8], batch: &mut Batch<'a>) -> Result<(), Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let mut has_too_many = false;
    let read = Elements { batch, has_too_many: &mut has_too_many }.deserialize(&mut reader);
    match read.and_then(|()| reader.end()) {
        Ok(()) => Ok(()),
        Err(_) if has_too_many => Err(too_many(TooMany)),
        Err(error) => Err(Refusal::bad(format!("the body is no JSON: {error}"))),
    }
}

/// Takes the elements of an array one by one, so that no list of them has to be kept.
struct Elements<'b, 'a> {
    batch: &'b mut Batch<'a>,
    has_too_many: &'b mut bool,
}

impl<'a> DeserializeSeed<'a> for Elements<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Elements<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&'a RawValue>()? {
            if self.batch.add_json(element.get().as_bytes()).is_err() {
                *self.has_too_many = true;
                return Err(serde::de::Error::custom("too many"));
            }
        }
        Ok(())
    }
}

/// More than a request may have.
pub(crate) fn too_many(_: TooMany) -> Refusal {
    Refusal::too_large(format!("the request has more than {MAX_EVENTS} events: send fewer at once"))
}

/// What is wrong with the events of a batch.
fn faults(batch: &Batch<'_>) -> Vec<Value> {
    let listed = batch.bad.iter().take(LISTED).map(|bad| {
        let faults: Vec<_> = bad
            .faults
            .0
            .iter()
            .map(|fault| json!({ "field": fault.field, "problem": fault.what }))
            .collect();
        json!({ "index": bad.index, "faults": faults })
    });
    listed.collect()
}

/// The answer to a batch of which nothing was published, because of bad events.
pub(crate) fn refused(batch: &Batch<'_>) -> Answer {
    let too_large = batch.bad.iter().any(|bad| bad.is_too_large);
    let status = if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
    let (bad, seen) = (batch.bad.len(), batch.seen);
    let error = format!(
        "{bad} of {seen} events are bad, and none was taken: mend them, or send with ?partial=true"
    );
    Answer::json(status, &json!({ "error": error, "accepted": 0, "errors": faults(batch) }))
}

/// What is said of the bad ones beside good ones.
pub(crate) fn beside(batch: &Batch<'_>) -> Option<Value> {
    (!batch.bad.is_empty()).then(|| json!({ "rejected": batch.bad.len(), "errors": faults(batch) }))
}

/// The answer to what was published.
pub(crate) fn published(sent: &Sent, beside: Option<Value>) -> Answer {
    let mut body = json!({ "accepted": sent.accepted() });
    if let (Value::Object(body), Some(Value::Object(beside))) = (&mut body, beside) {
        body.extend(beside);
    }
    let Some(error) = &sent.error else {
        return Answer::json(StatusCode::ACCEPTED, &body);
    };
    let refusal = Refusal::of_bus(error);
    body["error"] = json!(refusal.message);
    Answer::json(refusal.status, &body).after(&refusal)
}
