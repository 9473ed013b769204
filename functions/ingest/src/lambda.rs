//! HTTP as Lambda has it: payload 2.0 of Function URLs and HTTP APIs (Lambda developer guide,
//! "Lambda function URLs", "Request and response payloads").

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Value, json};

/// A request as Lambda gives it; what is not used is left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Http,
    /// An HTTP API's stage; its name stands before the path, unless it is this one.
    #[serde(default = "default_stage")]
    stage: String,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

fn default_stage() -> String {
    DEFAULT_STAGE.to_owned()
}

const DEFAULT_STAGE: &str = "$default";

/// The request of an event.
pub(crate) fn request(event: Value) -> Result<Request<Full<Bytes>>, String> {
    let event: Event = serde_json::from_value(event)
        .map_err(|error| format!("the event is no request of HTTP, payload 2.0: {error}"))?;
    let body = match event.body {
        None => Vec::new(),
        Some(body) if event.is_base64_encoded => {
            STANDARD.decode(body).map_err(|error| format!("the body is no base64: {error}"))?
        }
        Some(body) => body.into_bytes(),
    };
    let mut path = event.raw_path.as_str();
    if event.request_context.stage != DEFAULT_STAGE {
        let stage = format!("/{}", event.request_context.stage);
        path = path.strip_prefix(&stage).filter(|rest| rest.starts_with('/')).unwrap_or(path);
    }
    let path = if path.is_empty() { "/" } else { path };
    let address = match event.raw_query_string.as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    };
    let mut request =
        Request::builder().method(event.request_context.http.method.as_str()).uri(address);
    for (name, value) in &event.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::from(body))).map_err(|error| format!("the request: {error}"))
}

/// The answer to a request, as Lambda wants it.
pub(crate) fn response(response: &Response<Bytes>) -> Value {
    let headers: BTreeMap<_, _> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let body = response.body();
    let (body, is_base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    json!({
        "statusCode": response.status().as_u16(), "headers": headers,
        "body": body, "isBase64Encoded": is_base64,
    })
}

/// The answer to an event that is no request.
pub(crate) fn bad(why: &str) -> Value {
    json!({
        "statusCode": StatusCode::BAD_REQUEST.as_u16(),
        "headers": { "content-type": "application/json" },
        "body": json!({ "error": why }).to_string(), "isBase64Encoded": false,
    })
}
