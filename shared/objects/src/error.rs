//! What can go wrong with an object, told so that a person knows what to do.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use logmill_runtime::cause::Cause;
use logmill_runtime::retry::Retryable;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// There is no such object, or no such bucket.
    NotFound,
    /// A condition does not hold: the object is another version than was asked for, or is there
    /// already (HTTP 412).
    Changed,
    /// Permission is missing, or there are no valid credentials.
    Denied,
    /// The store asks for a pause (HTTP 429, 503 `SlowDown`).
    Throttled,
    /// The store does not answer, breaks off, or fails inside (HTTP 5xx).
    Unavailable,
    /// The request itself is at fault, or a file cannot be read.
    Other,
}

/// What was asked of the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    Head,
    Get,
    Put,
    Delete,
    List,
    CreateBucket,
}

impl Action {
    /// The permission that it needs.
    const fn permission(self) -> &'static str {
        match self {
            // HEAD answers 403 for a missing object where listing is not allowed.
            Self::Head => "s3:GetObject (and s3:ListBucket, or a missing object looks forbidden)",
            Self::Get => "s3:GetObject",
            Self::Put => "s3:PutObject",
            Self::Delete => "s3:DeleteObject",
            Self::List => "s3:ListBucket",
            Self::CreateBucket => "s3:CreateBucket",
        }
    }

    /// As metrics name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Get => "get",
            Self::Put => "put",
            Self::Delete => "delete",
            Self::List => "list",
            Self::CreateBucket => "create_bucket",
        }
    }
}

/// A failure, with the object that it is about.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    action: Action,
    bucket: String,
    key: String,
    reason: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        action: Action,
        bucket: &str,
        key: &str,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            action,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            reason: reason.into(),
            source: None,
        }
    }

    pub(crate) fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// What the SDK reports of one request.
    pub(crate) fn from_sdk<E>(
        action: Action,
        bucket: &str,
        key: &str,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default();
        let kind = match &error {
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => ErrorKind::Unavailable,
            SdkError::DispatchFailure(failure) if failure.is_timeout() || failure.is_io() => {
                ErrorKind::Unavailable
            }
            // No credentials, or a request that no connector takes.
            SdkError::DispatchFailure(_) if no_credentials(&error) => ErrorKind::Denied,
            SdkError::DispatchFailure(_) => ErrorKind::Unavailable,
            SdkError::ConstructionFailure(_) => ErrorKind::Other,
            _ => kind_of(status.unwrap_or_default(), code),
        };
        let reason = match (error.code(), error.message(), status) {
            (Some(code), Some(message), _) => format!("{code}: {message}"),
            (Some(code), None, _) => code.to_owned(),
            (None, _, Some(status)) => format!("HTTP {status}"),
            (None, _, None) => DisplayErrorContext(&error).to_string(),
        };
        Self::new(kind, action, bucket, key, reason).with_source(error)
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The bucket that it is about.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key that it is about; a prefix where objects were listed, `""` for the bucket itself.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The error of this crate that lies at the bottom of another one: what a [`super::RangeReader`]
    /// failed with, seen through `std::io::Error` and whatever wraps that.
    #[must_use]
    pub fn find<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            // An io::Error passes over what it holds when it is asked for its source.
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(held) => Some(held),
                None => error.source(),
            };
        }
        None
    }
}

/// The kind of what the store answered.
fn kind_of(status: u16, code: &str) -> ErrorKind {
    match (status, code) {
        (_, "SlowDown" | "RequestLimitExceeded" | "Throttling" | "ThrottlingException")
        | (429, _) => ErrorKind::Throttled,
        (404, _) => ErrorKind::NotFound,
        (412, _) => ErrorKind::Changed,
        (401 | 403, "RequestTimeTooSkewed") => ErrorKind::Other,
        (401 | 403, _) => ErrorKind::Denied,
        // Two writers met; S3 asks the one that gets this to try again.
        (409, "ConditionalRequestConflict" | "OperationAborted") => ErrorKind::Unavailable,
        // The body did not arrive in time or in full.
        (400, "RequestTimeout" | "IncompleteBody") => ErrorKind::Unavailable,
        (503, _) => ErrorKind::Throttled,
        (500.., _) => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    }
}

fn no_credentials(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.to_string().to_lowercase().contains("credentials") {
            return true;
        }
        next = error.source();
    }
    false
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, key, reason, .. } = self;
        let place = if key.is_empty() {
            format!("the bucket {bucket}")
        } else {
            format!("s3://{bucket}/{key}")
        };
        match self.kind {
            ErrorKind::NotFound => write!(f, "{place} is not there ({reason})"),
            ErrorKind::Changed => {
                write!(f, "{place} is another version than expected, or there already ({reason})")
            }
            ErrorKind::Denied => {
                let permission = self.action.permission();
                write!(
                    f,
                    "{place}: access denied ({reason}): grant {permission} on it, or check the credentials"
                )
            }
            ErrorKind::Throttled => write!(f, "{place}: the store asks for a pause ({reason})"),
            ErrorKind::Unavailable => {
                write!(f, "{place}: the store cannot be reached or failed ({reason})")
            }
            ErrorKind::Other => write!(f, "{place}: {} failed ({reason})", self.action.name()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
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
            ErrorKind::NotFound | ErrorKind::Changed | ErrorKind::Other => Cause::Other,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        // Never `Interrupted`, which readers take as "call again at once".
        let kind = match error.kind {
            ErrorKind::NotFound => io::ErrorKind::NotFound,
            ErrorKind::Denied => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
