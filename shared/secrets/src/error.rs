//! What can go wrong with a secret.

use logmill_runtime::cause::Cause;
use logmill_runtime::config::{SecretRef, SecretStore};
use logmill_runtime::retry::Retryable;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// There is no such secret, or it has no value.
    Missing,
    /// Permission is missing, or there are no valid credentials.
    Denied,
    /// The service asks for patience.
    Throttled,
    /// The service cannot be reached, or failed.
    Unavailable,
    /// The secret does not hold what a setting takes from it.
    Shape,
    /// Anything else.
    Other,
}

/// A secret that cannot be read. Never says what a secret holds.
#[derive(Debug, thiserror::Error)]
#[error("{subject}: {reason}")]
pub struct Error {
    kind: ErrorKind,
    subject: String,
    reason: String,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, subject: String, reason: String) -> Self {
        Self { kind, subject, reason }
    }

    /// Of a request that was answered: by the code of the answer's error.
    pub(crate) fn of_answer(reference: &SecretRef, status: u16, code: &str, message: &str) -> Self {
        let action = action(reference.store);
        let (kind, advice) = match (status, code) {
            (_, "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound") => (
                ErrorKind::Missing,
                "there is none of this name in this account and region: create it, or correct the \
                 setting"
                    .to_owned(),
            ),
            (_, "ThrottlingException" | "TooManyUpdates") | (429, _) => {
                (ErrorKind::Throttled, "the service asks for patience".to_owned())
            }
            (_, "AccessDeniedException" | "DecryptionFailure" | "InvalidKeyId")
            | (401 | 403, _) => {
                (ErrorKind::Denied, format!("grant {action} on it, and kms:Decrypt on its key"))
            }
            (
                _,
                "UnrecognizedClientException"
                | "ExpiredTokenException"
                | "InvalidSignatureException"
                | "MissingAuthenticationTokenException",
            ) => (ErrorKind::Denied, "the credentials are not valid".to_owned()),
            (500.., _) => (ErrorKind::Unavailable, "the service failed".to_owned()),
            _ => (ErrorKind::Other, format!("{action} was refused")),
        };
        Self::new(
            kind,
            subject(reference),
            format!("{advice} (status {status}, {code}: {message})"),
        )
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// The permission that reading needs.
const fn action(store: SecretStore) -> &'static str {
    match store {
        SecretStore::SecretsManager => "secretsmanager:GetSecretValue",
        SecretStore::ParameterStore => "ssm:GetParameter",
    }
}

/// How messages name a secret.
pub(crate) fn subject(reference: &SecretRef) -> String {
    match reference.store {
        SecretStore::SecretsManager => format!("the secret {}", reference.name),
        SecretStore::ParameterStore => format!("the parameter {}", reference.name),
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Throttled | ErrorKind::Unavailable)
    }

    fn cause(&self) -> Cause {
        match self.kind {
            ErrorKind::Denied => Cause::Denied,
            ErrorKind::Throttled => Cause::Throttled,
            ErrorKind::Unavailable => Cause::Unavailable,
            ErrorKind::Missing | ErrorKind::Shape | ErrorKind::Other => Cause::Other,
        }
    }
}
