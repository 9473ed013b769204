//! A dead letter's record, tried again.

use logmill_deadletter::{DeadLetter, Input, Place};
use logmill_kafka_event::{Header, Record, TimestampType};
use logmill_runtime::cause::TryAgain;
use serde_json::value::RawValue;

use crate::{Consume, Invocation};

/// Why a letter cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It does not hold its input.
    #[error("its input was too large to be kept: look for it in the archive, and send it again")]
    Omitted,
    /// It does not say where its record stood.
    #[error("its record has no {0}: send it to its topic again")]
    Place(&'static str),
    /// It cannot be worked on now.
    #[error("{0}")]
    Again(#[from] TryAgain),
}

impl Consume {
    /// Works on the record of a letter again, as if its topic brought it: under the same id. If it
    /// still is of no use, its letter is written again.
    ///
    /// # Errors
    /// Nothing came of it; the letter stays as it was.
    pub async fn replay(
        &self,
        letter: &DeadLetter,
        invocation: &Invocation,
    ) -> Result<(), ReplayError> {
        let event = event(letter)?;
        let answer = self.handle(&event, invocation).await?;
        if answer.is_done() {
            return Ok(());
        }
        Err(TryAgain::new(
            logmill_runtime::cause::Cause::Other,
            "neither the document nor the dead letter can be written: see the log",
        )
        .into())
    }
}

/// The event that brings a letter's record.
fn event(letter: &DeadLetter) -> Result<String, ReplayError> {
    let input = letter.input.bytes().ok_or(ReplayError::Omitted)?;
    let kind = letter.reason.kind.as_str();
    if kind == "malformed_event" {
        return String::from_utf8(input).map_err(|_| ReplayError::Omitted);
    }
    let place = &letter.place;
    let cluster = place.cluster.as_deref().ok_or(ReplayError::Place("cluster"))?;
    let record = if kind == "malformed_record" {
        let whole = String::from_utf8(input).map_err(|_| ReplayError::Omitted)?;
        RawValue::from_string(whole).map_err(|_| ReplayError::Omitted)?
    } else {
        let value = (kind != "tombstone").then_some(input);
        let timestamp = (kind != "no_time").then_some(letter.occurred_at);
        let record = Record {
            topic: place.topic.as_deref().ok_or(ReplayError::Place("topic"))?.into(),
            partition: place.partition.ok_or(ReplayError::Place("partition"))?,
            offset: place.offset.ok_or(ReplayError::Place("offset"))?,
            timestamp,
            timestamp_type: TimestampType::None,
            key: place
                .record_key
                .as_ref()
                .map(|key| key.bytes().ok_or(ReplayError::Omitted))
                .transpose()?,
            value,
            headers: headers(place)?,
        };
        logmill_kafka_event::record_json(&record)
    };
    Ok(logmill_kafka_event::event_json(cluster, [&*record]))
}

fn headers(place: &Place) -> Result<Vec<Header<'_>>, ReplayError> {
    let bytes = |input: &Input| input.bytes().ok_or(ReplayError::Omitted);
    let header = |header: &logmill_deadletter::Header| {
        let value = header.value.as_ref().map(bytes).transpose()?;
        Ok((header.name.clone().into(), value))
    };
    place.headers.iter().map(header).collect()
}
