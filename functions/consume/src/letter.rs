//! The dead letters of records.

use logmill_deadletter::{Failure, Header, Input, Place, Reason};
use logmill_kafka_event::{Item, Malformed, Record};
use logmill_model::Timestamp;
use logmill_model::mask::{Policy, Values};

use crate::{FUNCTION, Poison};

/// What becomes the letter of a record or of what stood in its place.
pub(crate) fn of_item(item: &Item<'_>, poison: &Poison, cluster: &str) -> Failure {
    match item {
        Item::Record(record) => of_record(record, poison, cluster),
        Item::Malformed(malformed) => of_malformed(malformed, poison, cluster),
    }
}

/// What becomes the letter of an event that is none of Kafka's.
pub(crate) fn of_event(event: &str, poison: &Poison) -> Failure {
    failure(poison, None, Place::default(), event.as_bytes().to_vec())
}

fn of_record(record: &Record<'_>, poison: &Poison, cluster: &str) -> Failure {
    let header = |(name, value): &(_, Option<Vec<u8>>)| {
        let name: &std::borrow::Cow<'_, str> = name;
        Header { name: name.clone().into_owned(), value: value.clone().map(Input::new) }
    };
    let place = Place {
        topic: Some(record.topic.clone().into_owned()),
        partition: Some(record.partition),
        offset: Some(record.offset),
        cluster: Some(cluster.to_owned()),
        record_key: record.key.clone().map(Input::new),
        headers: record.headers.iter().map(header).collect(),
        ..Place::default()
    };
    failure(poison, record.timestamp, place, record.value.clone().unwrap_or_default())
}

fn of_malformed(malformed: &Malformed<'_>, poison: &Poison, cluster: &str) -> Failure {
    let place = Place {
        topic: malformed.topic.clone(),
        partition: malformed.partition,
        offset: malformed.offset,
        cluster: Some(cluster.to_owned()),
        ..Place::default()
    };
    failure(poison, malformed.timestamp, place, malformed.whole.as_bytes().to_vec())
}

/// Without a time of its own it lies under 1970, for a repeat must find it there.
fn failure(poison: &Poison, at: Option<Timestamp>, place: Place, input: Vec<u8>) -> Failure {
    let message = poison.to_string();
    let message = Values::new(Policy::all()).text(&message).into_owned();
    Failure {
        function: FUNCTION.to_owned(),
        reason: Reason { kind: poison.kind().to_owned(), message },
        attempts: 1,
        occurred_at: at.unwrap_or_default(),
        place,
        input,
    }
}
