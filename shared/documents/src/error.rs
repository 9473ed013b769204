//! What can go wrong between here and OpenSearch.

use logmill_runtime::cause::Cause;
use logmill_runtime::retry::Retryable;

/// A request that OpenSearch did not do.
#[derive(Debug, thiserror::Error)]
#[error("{action} ({method} {path}) {}: {detail}{}", kind.as_str(), kind.advice())]
pub struct Error {
    /// What kind of fault it is.
    pub kind: ErrorKind,
    /// What was wanted, in words.
    pub action: &'static str,
    /// The request's method.
    pub method: &'static str,
    /// The request's path, which names the indices; empty for a fault before any request.
    pub path: String,
    /// What the engine or the connection said.
    pub detail: String,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// No connection, no answer in time, or a fault of the engine (5xx).
    Unavailable,
    /// It has too much to do (429).
    Throttled,
    /// The deadline came first.
    Deadline,
    /// The user may not do this (401, 403).
    Denied,
    /// There is no such index or document (404).
    NotFound,
    /// The request is wrong (other 4xx).
    Refused,
    /// The answer cannot be read: no OpenSearch, or another version.
    Answer,
    /// The address or a certificate is no such thing.
    Setting,
    /// The engine shows a certificate that nobody here knows.
    Certificate,
    /// Indices are closed for writing because a disk of the engine is full.
    DiskFull,
    /// The request is longer than the engine takes (413).
    TooLarge,
    /// A newer Logmill was here.
    Newer,
}

impl ErrorKind {
    /// The kind of a connection that failed with these words.
    pub(crate) fn of_connection(detail: &str) -> Self {
        if detail.contains("certificate") {
            Self::Certificate
        } else if detail.contains("AWSV4 Signing Failed") {
            Self::Denied
        } else {
            Self::Unavailable
        }
    }

    /// The kind of a request, or of an item of it, that the engine has no room for now.
    pub(crate) fn of_throttling(reason: &str) -> Self {
        if reason.contains("read-only-allow-delete") { Self::DiskFull } else { Self::Throttled }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "found no OpenSearch",
            Self::Throttled => "was throttled",
            Self::Deadline => "did not end in time",
            Self::Denied => "was denied",
            Self::NotFound => "found nothing",
            Self::Refused => "was refused",
            Self::Answer => "got an answer that is none",
            Self::Setting => "cannot begin",
            Self::Certificate => "does not trust the engine",
            Self::DiskFull => "found no room",
            Self::TooLarge => "was too large",
            Self::Newer => "would go back to an older version",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Unavailable => "; check OPENSEARCH_URL and that the engine runs",
            Self::Denied => {
                "; check the user in OPENSEARCH_URL, or OPENSEARCH_SIGV4, and the rights on these \
                 indices"
            }
            Self::NotFound => "; run `logmill migrate` if the templates are missing",
            Self::Setting => "; correct OPENSEARCH_URL",
            Self::Certificate => {
                "; set OPENSEARCH_CA_FILE to the certificate authority that signed it, as PEM"
            }
            Self::DiskFull => {
                "; free or add disk space in the engine's cluster, which lifts the block then; it \
                 is tried again"
            }
            Self::TooLarge => "; set LOGMILL_BULK_BYTES lower",
            Self::Newer => "; use that version of Logmill or a newer one",
            _ => "",
        }
    }
}

impl Error {
    /// What kind of fault it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn of_status(
        action: &'static str,
        method: &'static str,
        path: &str,
        status: u16,
        body: &[u8],
    ) -> Self {
        let mut kind = match status {
            429 => ErrorKind::Throttled,
            413 => ErrorKind::TooLarge,
            401 | 403 => ErrorKind::Denied,
            404 => ErrorKind::NotFound,
            408 | 500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Refused,
        };
        let answer: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let reason = answer.as_ref().map(|answer| &answer["error"]).and_then(|error| {
            error["root_cause"][0]["reason"]
                .as_str()
                .or(error["reason"].as_str())
                .or(error.as_str())
        });
        let mut detail = reason.map_or_else(
            || String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned(),
            str::to_owned,
        );
        detail.truncate(detail.floor_char_boundary(1000));
        if kind == ErrorKind::Throttled {
            kind = ErrorKind::of_throttling(&detail);
        }
        Self {
            kind,
            action,
            method,
            path: path.to_owned(),
            detail: format!("status {status}, {detail}"),
        }
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        use ErrorKind::{Deadline, DiskFull, Throttled, Unavailable};
        matches!(self.kind, Unavailable | Throttled | Deadline | DiskFull)
    }

    fn cause(&self) -> Cause {
        match self.kind {
            ErrorKind::Denied => Cause::Denied,
            ErrorKind::DiskFull => Cause::DiskFull,
            ErrorKind::Throttled => Cause::Throttled,
            ErrorKind::Unavailable => Cause::Unavailable,
            ErrorKind::Deadline => Cause::OutOfTime,
            _ => Cause::Other,
        }
    }
}
