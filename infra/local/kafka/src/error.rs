//! What can go wrong with the log.

use std::path::PathBuf;

use kafka_protocol::error::ResponseError;

/// Why an operation failed. Nothing was changed by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is no log of this version, or cannot be opened.
    #[error(
        "the file {path} of Kafka's log cannot be opened: {source}; move it aside to start anew"
    )]
    Open {
        /// The file that was asked for.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The file was written by another version of Logmill.
    #[error(
        "the file {path} of Kafka's log has format {found}, this version reads {expected}; move it \
         aside to start anew"
    )]
    Format {
        /// The file that was asked for.
        path: PathBuf,
        /// The format number that stands in it.
        found: i64,
        /// The format number of this version.
        expected: i64,
    },
    /// What the protocol has an answer for: a topic that is missing or there already, a bad name, …
    #[error("{message}")]
    Answer {
        /// The protocol's error.
        error: ResponseError,
        /// What is wrong with which input, and what to do.
        message: String,
    },
    /// SQLite failed: the disk is full or broken.
    #[error("Kafka's log failed: {0}; see whether the disk is full")]
    Store(#[from] rusqlite::Error),
    /// The listener failed.
    #[error("the server of Kafka has stopped: {0}")]
    Serve(#[source] std::io::Error),
    /// The process is going down, or what was to be written is not durable.
    #[error("Kafka's log was not written: the disk is full, or the process is stopping")]
    Stopping,
}

impl Error {
    pub(crate) fn answer(error: ResponseError, message: impl Into<String>) -> Self {
        Self::Answer { error, message: message.into() }
    }

    /// The code by which the protocol says it.
    pub(crate) fn code(&self) -> i16 {
        match self {
            Self::Answer { error, .. } => error.code(),
            // Clients try again after this one, which is right for a full disk.
            _ => ResponseError::KafkaStorageError.code(),
        }
    }

    pub(crate) fn no_topic(topic: &str) -> Self {
        let topic: String = topic.chars().take(249).collect();
        let message = format!("there is no topic `{topic}`; create it first");
        Self::answer(ResponseError::UnknownTopicOrPartition, message)
    }
}
