//! What can go wrong with Kafka, and what to do about it.

use logmill_runtime::cause::Cause;
use logmill_runtime::retry::Retryable;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// Why something was not done.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The kinds of [`Error`], for those who decide what to do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// So many messages wait to be sent that no more are taken: come again later.
    QueueFull,
    /// No broker answers, or not in time.
    Unavailable,
    /// Who we are was not believed, or must not do this.
    Denied,
    /// There is no such topic.
    NoTopic,
    /// The topic is there already.
    TopicExists,
    /// The message is larger than the topic takes.
    TooLarge,
    /// A name or a setting is wrong.
    Invalid,
    /// Anything else: the message says it.
    Other,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Of librdkafka's error, `what` being what was tried. `trouble` is what the connections suffered
    /// from, which says more than that a time was over.
    pub(crate) fn of(what: &str, error: &KafkaError, trouble: Option<&KafkaError>) -> Self {
        let code = error.rdkafka_error_code();
        let timed_out = matches!(
            code,
            Some(Code::MessageTimedOut | Code::OperationTimedOut | Code::RequestTimedOut)
        );
        match trouble.filter(|_| timed_out) {
            Some(trouble) => Self::of_code(what, trouble.rdkafka_error_code(), trouble),
            None => Self::of_code(what, code, error),
        }
    }

    pub(crate) fn of_code(what: &str, code: Option<Code>, error: &dyn std::fmt::Display) -> Self {
        let kind = code.map_or(ErrorKind::Other, kind);
        let advice = match kind {
            ErrorKind::QueueFull => ": too many messages wait to be sent; try again later",
            ErrorKind::Unavailable => {
                ": no broker answers; see whether KAFKA_BOOTSTRAP_SERVERS is right, and whether they \
                 want TLS"
            }
            ErrorKind::Denied => {
                ": see whether user, password and mechanism are right, and what \
                                  the user may do"
            }
            ErrorKind::NoTopic => ": create the topic first",
            ErrorKind::TooLarge => ": send less at once, or raise max.message.bytes of the topic",
            _ => "",
        };
        Self::new(kind, format!("{what}: {error}{advice}"))
    }
}

fn kind(code: Code) -> ErrorKind {
    match code {
        Code::QueueFull => ErrorKind::QueueFull,
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState
        | Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed => ErrorKind::Denied,
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            ErrorKind::NoTopic
        }
        Code::TopicAlreadyExists => ErrorKind::TopicExists,
        Code::MessageSizeTooLarge | Code::InvalidMessageSize => ErrorKind::TooLarge,
        Code::InvalidTopic
        | Code::InvalidConfig
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::InvalidArgument
        | Code::PolicyViolation => ErrorKind::Invalid,
        Code::MessageTimedOut
        | Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::AllBrokersDown
        | Code::BrokerTransportFailure
        | Code::Resolve
        | Code::SSL
        | Code::LeaderNotAvailable
        | Code::NotLeaderForPartition
        | Code::NotEnoughReplicas
        | Code::NotEnoughReplicasAfterAppend
        | Code::BrokerNotAvailable
        | Code::CoordinatorNotAvailable
        | Code::CoordinatorLoadInProgress
        | Code::KafkaStorageError => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        match self.kind {
            // Passwords and rights are mended without a new message.
            ErrorKind::QueueFull
            | ErrorKind::Unavailable
            | ErrorKind::Denied
            | ErrorKind::NoTopic
            | ErrorKind::Other => true,
            ErrorKind::TopicExists | ErrorKind::TooLarge | ErrorKind::Invalid => false,
        }
    }

    fn cause(&self) -> Cause {
        match self.kind {
            ErrorKind::QueueFull => Cause::Throttled,
            ErrorKind::Unavailable => Cause::Unavailable,
            ErrorKind::Denied => Cause::Denied,
            _ => Cause::Other,
        }
    }
}
