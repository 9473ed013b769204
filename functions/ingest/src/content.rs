//! What a body says that it is.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What a body says that it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    /// JSON.
    Json,
    /// JSON, a value a line.
    Lines,
    /// It does not say, or as clients say that set nothing: `curl -d` among them.
    Unknown,
    /// Something else, named so.
    Other(String),
}

/// The content type without its parameters, in lower case; `""` if there is none.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// What a body of events says that it is.
pub(crate) fn content(headers: &HeaderMap) -> Content {
    let name = content_type(headers);
    match name.as_str() {
        "application/json" | "text/json" => Content::Json,
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/json-lines" => Content::Lines,
        "" | "text/plain" | "application/octet-stream" | "application/x-www-form-urlencoded" => {
            Content::Unknown
        }
        _ if name.ends_with("+json") => Content::Json,
        _ if name.ends_with("x-ndjson") => Content::Lines,
        _ => Content::Other(name),
    }
}
