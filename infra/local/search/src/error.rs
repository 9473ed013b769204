//! What goes wrong: opening the data folder ([`Error`]), and answering a request ([`ApiError`],
//! with OpenSearch's status, type and body).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Why the server could not be opened or closed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}; check that the folder exists, is writable and has space left")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds something that this version does not understand.
    #[error("{path} is damaged or of another version ({reason}); move it away and start again")]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The embedded engine failed.
    #[error("index {index}: the search engine failed: {source}")]
    Engine {
        /// Which index.
        index: String,
        /// What the engine said.
        source: tantivy::TantivyError,
    },
}

/// What kind of failure an [`Error`] is, for callers that decide by it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file system.
    Io,
    /// A file's contents.
    Damaged,
    /// The embedded engine.
    Engine,
}

impl Error {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } => ErrorKind::Io,
            Self::Damaged { .. } => ErrorKind::Damaged,
            Self::Engine { .. } => ErrorKind::Engine,
        }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn engine<E: Into<tantivy::TantivyError>>(
        index: &str,
    ) -> impl FnOnce(E) -> Self + '_ {
        move |source| Self::Engine { index: index.to_owned(), source: source.into() }
    }
}

/// A request's failure, as OpenSearch would answer it.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
    pub(crate) index: Option<String>,
}

/// What a request comes to.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(status: u16, kind: &'static str, reason: impl Into<String>) -> Self {
        Self { status, kind, reason: reason.into(), index: None }
    }

    /// 400: the request is not understood, or asks for what this server does not do.
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::new(400, "illegal_argument_exception", reason)
    }

    /// 400: the body is not what the request wants.
    pub(crate) fn parsing(reason: impl Into<String>) -> Self {
        Self::new(400, "parsing_exception", reason)
    }

    /// 400: a document does not fit the mapping, or a mapping is no mapping.
    pub(crate) fn mapper(reason: impl Into<String>) -> Self {
        Self::new(400, "mapper_parsing_exception", reason)
    }

    /// 404: no index of that name.
    pub(crate) fn no_index(name: &str) -> Self {
        let mut error =
            Self::new(404, "index_not_found_exception", format!("no such index [{name}]"));
        error.index = Some(name.to_owned());
        error
    }

    /// The `error` object without its root cause, as bulk items carry it.
    pub(crate) fn cause(&self) -> Value {
        let mut cause = json!({ "type": self.kind, "reason": self.reason });
        if let Some(index) = &self.index {
            cause["index"] = json!(index);
            cause["resource.id"] = json!(index);
            cause["resource.type"] = json!("index_or_alias");
        }
        cause
    }

    /// The whole body.
    pub(crate) fn body(&self) -> Value {
        let cause = self.cause();
        let mut error = cause.clone();
        error["root_cause"] = json!([cause]);
        json!({ "error": error, "status": self.status })
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        // The file system and the engine may recover (space is made, a file is closed), so the
        // client is told to come again.
        Self::new(503, "engine_exception", error.to_string())
    }
}

impl From<tantivy::TantivyError> for ApiError {
    fn from(error: tantivy::TantivyError) -> Self {
        match error {
            tantivy::TantivyError::InvalidArgument(reason)
            | tantivy::TantivyError::SchemaError(reason) => Self::bad(reason),
            tantivy::TantivyError::AggregationError(error) => {
                Self::new(400, "too_many_buckets_exception", error.to_string())
            }
            error => Self::new(500, "engine_exception", error.to_string()),
        }
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::new(503, "engine_exception", error.to_string())
    }
}
