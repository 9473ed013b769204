//! What senders are answered.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use logmill_bus::ErrorKind;
use serde_json::json;

/// An answer on its way.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why a request was not taken: the same for all protocols, each of which says it in its own words.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// What is wrong, and what to do.
    pub(crate) message: String,
    /// When to come again, in seconds.
    pub(crate) retry_after: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    /// The request itself is wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// It is too large.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// It comes too soon.
    pub(crate) fn too_many(message: impl Into<String>, retry_after: u32) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, message);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    /// Something that is needed is away.
    pub(crate) fn away(message: impl Into<String>, retry_after: u32) -> Self {
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, message);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    /// What Kafka did not take.
    pub(crate) fn of_bus(error: &logmill_bus::Error) -> Self {
        match error.kind() {
            ErrorKind::QueueFull => {
                Self::too_many("more events come than Kafka takes: send again later", 1)
            }
            ErrorKind::TooLarge => Self::too_large(error.to_string()),
            // A setting of Kafka's is mended without the sender, who has to keep its events.
            _ => Self::away(error.to_string(), 5),
        }
    }
}

impl Answer {
    pub(crate) fn new(status: StatusCode, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Self {
        let mut body = value.to_string();
        body.push('\n');
        Self::new(status, "application/json", body)
    }

    pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text.into())
    }

    /// Nothing to say.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Vec::new() }
    }

    /// A refusal in our own words.
    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        Self::json(refusal.status, &json!({ "error": refusal.message })).after(refusal)
    }

    /// With the headers that a refusal has in every protocol.
    pub(crate) fn after(mut self, refusal: &Refusal) -> Self {
        if let Some(seconds) = refusal.retry_after {
            self.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if refusal.status == StatusCode::UNAUTHORIZED {
            self.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        self
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
