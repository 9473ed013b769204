//! An HTTP request taken apart: path, parameters, body; and the check that nothing in it is
//! unknown.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use serde_json::Value;

use crate::catalog::Lenience;
use crate::date;
use crate::error::{ApiError, ApiResult};

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

/// Parameters that change nothing here, taken everywhere.
const EVERYWHERE: [&str; 3] = ["pretty", "human", "error_trace"];
/// Parameters that say how names of no index are taken.
pub(crate) const NAMES: [&str; 3] = ["ignore_unavailable", "allow_no_indices", "expand_wildcards"];

impl Request {
    /// Refuses parameters outside the lists.
    pub(crate) fn allow(&self, lists: &[&[&str]]) -> ApiResult<()> {
        for key in self.parameters.keys() {
            let key = key.as_str();
            if !EVERYWHERE.contains(&key) && !lists.iter().any(|list| list.contains(&key)) {
                let path = self.path.join("/");
                let reason = format!("request [/{path}] contains unrecognized parameter: [{key}]");
                return Err(ApiError::bad(reason));
            }
        }
        Ok(())
    }

    /// A parameter that is on or off; present without a value means on.
    pub(crate) fn flag(&self, name: &str) -> ApiResult<Option<bool>> {
        match self.parameters.get(name).map(String::as_str) {
            None => Ok(None),
            Some("" | "true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ApiError::bad(format!(
                "Failed to parse value [{other}] as only [true] or [false] are allowed for [{name}]"
            ))),
        }
    }

    /// Whether the caller waits for its changes to be searchable.
    pub(crate) fn refresh(&self) -> ApiResult<bool> {
        match self.parameters.get("refresh").map(String::as_str) {
            Some("wait_for") => Ok(true),
            _ => Ok(self.flag("refresh")?.unwrap_or(false)),
        }
    }

    /// How names of no index are taken.
    pub(crate) fn lenience(&self) -> ApiResult<Lenience> {
        let default = Lenience::default();
        Ok(Lenience {
            ignore_unavailable: self
                .flag("ignore_unavailable")?
                .unwrap_or(default.ignore_unavailable),
            allow_no_indices: self.flag("allow_no_indices")?.unwrap_or(default.allow_no_indices),
        })
    }

    /// The body as JSON; `null` if there is none.
    pub(crate) fn json(&self) -> ApiResult<Value> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            ApiError::new(400, "parse_exception", format!("the body is no JSON: {error}"))
        })
    }
}

/// `1m` and the like.
pub(crate) fn keep_alive(text: &str) -> ApiResult<Duration> {
    let span = date::span(text).and_then(|span| u64::try_from(span).ok());
    let span = span.filter(|span| (1..=86_400_000).contains(span));
    span.map(Duration::from_millis).ok_or_else(|| {
        ApiError::bad(format!(
            "failed to parse [keep_alive] with value [{text}]: it wants 1m or the like, 24h at most"
        ))
    })
}
