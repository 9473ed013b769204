//! What keeps a page from being shown: said in words, with what to do about it.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use logmill_query::SyntaxError;

use crate::view::{Failure, FailureText};

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The answer's status.
    pub status: StatusCode,
    /// What the page is headed.
    pub title: &'static str,
    /// What went wrong, and what to do.
    pub text: FailureText,
}

impl Fault {
    fn new(status: StatusCode, title: &'static str, kind: &str, message: String) -> Self {
        let text = FailureText { kind: kind.to_owned(), message, ..FailureText::default() };
        Self { status, title, text }
    }

    /// A request that can't be understood.
    #[must_use]
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "This address is not right", "request", message.into())
    }

    /// Something that isn't there.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", "not_found", message.into())
    }

    /// A store that did not answer in time.
    #[must_use]
    pub fn late(store: &str) -> Self {
        let message = format!("{store} did not answer in time");
        Self::unavailable(message)
            .advice("Load the page again; if that does not help, see whether it runs.")
    }

    fn unavailable(message: String) -> Self {
        let title = "A store does not answer";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, title, "unavailable", message)
    }

    fn store(message: String) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "A store refused the request", "store", message)
    }

    /// A document that this version can't read.
    #[must_use]
    pub fn document(id: &str, why: &serde_json::Error) -> Self {
        Self::store(format!(
            "the build document {id} is not what this version of Logmill reads: {why}"
        ))
        .advice("Put the log into the bucket again, so that it is parsed anew.")
    }

    /// The same, with what to do.
    #[must_use]
    pub fn advice(mut self, advice: &str) -> Self {
        self.text.advice = Some(advice.to_owned());
        self
    }

    /// As a page.
    #[must_use]
    pub fn page(&self) -> Response {
        (self.status, Html(crate::page::fault(self).into_string())).into_response()
    }

    /// As JSON.
    #[must_use]
    pub fn json(self) -> Response {
        (self.status, axum::Json(Failure { error: self.text })).into_response()
    }
}

impl From<SyntaxError> for Fault {
    fn from(error: SyntaxError) -> Self {
        let title = "This query cannot be read";
        let mut fault = Self::new(StatusCode::BAD_REQUEST, title, "query", error.message);
        fault.text.advice = error.hint;
        fault.text.column = Some(error.column);
        fault
    }
}

impl From<logmill_documents::Error> for Fault {
    fn from(error: logmill_documents::Error) -> Self {
        use logmill_documents::ErrorKind as Kind;
        tracing::warn!(%error, "the documents could not be read");
        let message = error.to_string();
        match error.kind() {
            Kind::Unavailable | Kind::Throttled | Kind::Deadline => Self::unavailable(message)
                .advice("Load the page again. If that does not help, see whether OpenSearch runs."),
            Kind::NotFound => Self::store(message).advice("Run `logmill migrate`."),
            Kind::Denied => {
                Self::store(message).advice("Check the rights of the user in OPENSEARCH_URL.")
            }
            _ => Self::store(message),
        }
    }
}

impl From<logmill_metadata::Error> for Fault {
    fn from(error: logmill_metadata::Error) -> Self {
        use logmill_metadata::ErrorKind as Kind;
        tracing::warn!(%error, "the metadata could not be read");
        let message = format!("The metadata: {error}");
        match error.kind() {
            Kind::Unavailable | Kind::Throttled | Kind::Contended => Self::unavailable(message)
                .advice("Load the page again. If that does not help, see whether the metadata's engine runs."),
            Kind::NotMigrated | Kind::WrongShape => Self::store(message).advice("Run `logmill migrate`."),
            Kind::Invalid => Self::request(message).advice("Begin with the first page."),
            Kind::Denied => Self::store(message).advice("Check the credentials and their rights."),
            _ => Self::store(message),
        }
    }
}
