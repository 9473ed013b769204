//! A function that an emulator serves.

use std::error::Error as _;
use std::time::Duration;

use serde_json::Value;

use crate::{InvokeError, answer, failed};

/// A function at an address.
#[derive(Debug)]
pub(crate) struct Served {
    client: reqwest::Client,
    url: String,
}

impl Served {
    pub(crate) fn new(name: &str, url: &str) -> Self {
        let url = format!("{}/2015-03-31/functions/{name}/invocations", url.trim_end_matches('/'));
        Self { client: reqwest::Client::new(), url }
    }

    /// Posts the event. The emulator itself makes request id and deadline; the time-out is ours.
    pub(crate) async fn invoke(
        &self,
        event: &Value,
        timeout: Duration,
    ) -> Result<Value, InvokeError> {
        let fault = |error: reqwest::Error| self.fault(&error, timeout);
        let sent = self.client.post(&self.url).json(event).timeout(timeout).send().await;
        let response = sent.map_err(fault)?;
        let (status, failure) =
            (response.status(), response.headers().contains_key("x-amz-function-error"));
        let body = response.bytes().await.map_err(fault)?;
        if status.is_client_error() {
            let reason = format!("HTTP {status}: {}", String::from_utf8_lossy(&body));
            return Err(InvokeError::Unreachable { url: self.url.clone(), reason });
        }
        if failure || !status.is_success() { Err(failed(&body)) } else { answer(&body) }
    }

    fn fault(&self, error: &reqwest::Error, timeout: Duration) -> InvokeError {
        if error.is_timeout() {
            return InvokeError::TimedOut(timeout);
        }
        // The outermost text only says that something failed.
        let mut reason = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            reason = cause.to_string();
            next = cause.source();
        }
        InvokeError::Unreachable { url: self.url.clone(), reason }
    }
}
