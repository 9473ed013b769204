//! The connection: one way to send a request, with the same time-outs, retries and errors for all.

use std::time::Duration;

use bytes::Bytes;
use logmill_runtime::retry::{Backoff, Deadline, Retryable};
use opensearch::OpenSearch;
use opensearch::http::Method;
use opensearch::http::headers::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use crate::pace::Pace;
use crate::{Endpoint, Error, ErrorKind, Names, Server, connect};

/// The longest wait for one answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Documents in OpenSearch. A clone shares its connections.
#[derive(Clone, Debug)]
pub struct Documents {
    client: OpenSearch,
    pub(crate) names: Names,
    pub(crate) backoff: Backoff,
    pub(crate) replicas: u32,
    pub(crate) pace: Pace,
    compress: bool,
}

/// A body below this is sent as it is.
const WORTH_IT: usize = 1024;

impl Documents {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] where the address or the certificate is none.
    pub fn connect(endpoint: &Endpoint, names: Names) -> Result<Self, Error> {
        let fault = |detail: String| Error {
            kind: ErrorKind::Setting,
            action: "connecting to OpenSearch",
            method: "",
            path: String::new(),
            detail,
        };
        let transport = connect::transport(endpoint).map_err(fault)?;
        Ok(Self {
            client: OpenSearch::new(transport),
            names,
            backoff: Backoff::default(),
            replicas: 1,
            pace: Pace::default(),
            compress: endpoint.compresses(),
        })
    }

    /// With other pauses between tries.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// With this number of replicas in the templates that [`Self::migrate`] writes: 1 by default, 0
    /// for one node.
    #[must_use]
    pub fn with_replicas(mut self, replicas: u32) -> Self {
        self.replicas = replicas;
        self
    }

    /// The names of its indices.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What the engine is: its distribution and its version.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub async fn server(&self, deadline: Deadline) -> Result<Server, Error> {
        let request = Request::get("asking for the version", "/");
        let answer: serde_json::Value = self.send(&request, deadline).await?;
        Server::of(&answer).ok_or_else(|| request.fault(ErrorKind::Answer, "it holds no version"))
    }

    /// Sends a request until it succeeds, fails for good, or the deadline comes, and reads the answer.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        request: &Request,
        deadline: Deadline,
    ) -> Result<T, Error> {
        let mut failed = 0;
        loop {
            let error = match self.send_once(request, deadline).await {
                Ok(body) => {
                    return serde_json::from_slice(&body)
                        .map_err(|error| request.fault(ErrorKind::Answer, error.to_string()));
                }
                Err(error) => error,
            };
            failed += 1;
            self.pause(failed, error, deadline).await?;
        }
    }

    /// Waits before another try, or returns the error where none can help.
    pub(crate) async fn pause(
        &self,
        failed: u32,
        error: Error,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let pause = self.backoff.pause(failed);
        if !error.is_retryable() || failed >= self.backoff.attempts || pause >= deadline.remaining()
        {
            return Err(error);
        }
        tracing::debug!(failed, %error, "trying again");
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Sends a request once; the body of an answer that means success.
    pub(crate) async fn send_once(
        &self,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Bytes, Error> {
        if deadline.is_over() {
            return Err(request.fault(ErrorKind::Deadline, "no time was left to send it"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
        let mut body = request.body.clone();
        if let Some(plain) = body.as_ref().filter(|body| self.compress && body.len() >= WORTH_IT) {
            body = Some(gzip(plain).map_err(|error| {
                request.fault(ErrorKind::Refused, format!("its body cannot be compressed: {error}"))
            })?);
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let timeout = Some(deadline.remaining().min(PATIENCE));
        let sent =
            self.client.send(request.method, &request.path, headers, None::<&()>, body, timeout);
        let response = sent.await.map_err(|error| {
            let detail = chain(&error);
            request.fault(ErrorKind::of_connection(&detail), detail)
        })?;
        let status = response.status_code().as_u16();
        let body = response
            .bytes()
            .await
            .map_err(|error| request.fault(ErrorKind::Unavailable, chain(&error)))?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        Err(Error::of_status(request.action, request.verb(), &request.path, status, &body))
    }
}

/// A body compressed at a speed beyond that of networks.
fn gzip(body: &[u8]) -> std::io::Result<Bytes> {
    use std::io::Write as _;

    let room = Vec::with_capacity(body.len() / 4);
    let mut encoder = flate2::write::GzEncoder::new(room, flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish().map(Bytes::from)
}

/// An error with its causes: a connection's fault says the reason only in the last one.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// A request and what it is for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    action: &'static str,
    method: Method,
    path: String,
    content_type: &'static str,
    body: Option<Bytes>,
}

impl Request {
    fn new(action: &'static str, method: Method, path: impl Into<String>) -> Self {
        let content_type = "application/json";
        Self { action, method, path: path.into(), content_type, body: None }
    }

    pub(crate) fn get(action: &'static str, path: impl Into<String>) -> Self {
        Self::new(action, Method::Get, path)
    }

    pub(crate) fn put(action: &'static str, path: impl Into<String>) -> Self {
        Self::new(action, Method::Put, path)
    }

    pub(crate) fn post(action: &'static str, path: impl Into<String>) -> Self {
        Self::new(action, Method::Post, path)
    }

    pub(crate) fn delete(action: &'static str, path: impl Into<String>) -> Self {
        Self::new(action, Method::Delete, path)
    }

    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into());
        self
    }

    pub(crate) fn ndjson(mut self, body: Bytes) -> Self {
        self.content_type = "application/x-ndjson";
        self.body = Some(body);
        self
    }

    /// The body back, without a copy where nothing else holds it.
    pub(crate) fn into_body(self) -> Vec<u8> {
        self.body.map(Vec::from).unwrap_or_default()
    }

    fn verb(&self) -> &'static str {
        match self.method {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
            Method::Delete => "DELETE",
            Method::Head => "HEAD",
        }
    }

    pub(crate) fn fault(&self, kind: ErrorKind, detail: impl Into<String>) -> Error {
        Error {
            kind,
            action: self.action,
            method: self.verb(),
            path: self.path.clone(),
            detail: detail.into(),
        }
    }
}
