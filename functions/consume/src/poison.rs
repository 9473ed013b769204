//! Records that never become documents.

use logmill_event::Faults;
use logmill_kafka_event::NotKafka;

/// Why a record never becomes a document: no retry will mend it.
#[derive(Debug, thiserror::Error)]
pub enum Poison {
    /// The event is none of Kafka's at all.
    #[error("{0}")]
    NotKafka(#[from] NotKafka),
    /// What stands in the batch is no record.
    #[error("the batch holds something that is no record: {0}")]
    NoRecord(String),
    /// It has no value.
    #[error("the record has no value: it is a tombstone, which topics of logs have no use for")]
    Tombstone,
    /// Its producer gave it no time.
    #[error(
        "the record has no time: have its producer, or the topic's message.timestamp.type, give it one"
    )]
    NoTime,
    /// Its value is no event.
    #[error("the record's value is no event: {0}")]
    NoEvent(#[from] Faults),
    /// It is larger than any event may be.
    #[error("the record's value has {0} bytes, {most} at most are taken", most = logmill_event::MAX_BYTES)]
    TooLarge(usize),
    /// OpenSearch does not take its document.
    #[error("OpenSearch refuses its document with status {status}: {reason}")]
    Rejected {
        /// The status of the document.
        status: u16,
        /// What OpenSearch said.
        reason: String,
    },
}

impl Poison {
    /// The word for it in its dead letter.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotKafka(_) => "malformed_event",
            Self::NoRecord(_) => "malformed_record",
            Self::Tombstone => "tombstone",
            Self::NoTime => "no_time",
            Self::NoEvent(_) => "not_an_event",
            Self::TooLarge(_) => "too_large",
            Self::Rejected { .. } => "document_rejected",
        }
    }
}
