//! A proxy before the search engine that keeps the bulks that go through.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

/// A bulk as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// `content-type` and `content-encoding`.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The bulks that came so far.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<Sent>>>);

#[derive(Clone)]
struct Proxy {
    recorder: Recorder,
    client: reqwest::Client,
    engine: String,
}

impl Recorder {
    /// Serves the proxy on a port of this machine; its address.
    pub async fn serve(&self, engine: &str) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let client = reqwest::Client::new();
        let proxy = Proxy { recorder: self.clone(), client, engine: engine.to_owned() };
        let router = Router::new().fallback(forward).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Takes out what came.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("the function sends all of it");
    if head.uri.path() == "/_bulk" {
        let kept = |(name, value): (&_, &_)| Some((Clone::clone(name), Clone::clone(value)));
        let headers =
            head.headers.iter().filter(|(name, _)| [CONTENT_TYPE, CONTENT_ENCODING].contains(name));
        let sent = Sent { headers: headers.filter_map(kept).collect(), body: body.clone() };
        proxy.recorder.0.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
    }
    let mut headers = head.headers;
    headers.remove(HOST);
    headers.remove(TRANSFER_ENCODING);
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let sending = proxy.client.request(head.method, format!("{}{path}", proxy.engine));
    let answer = match sending.headers(headers).body(body).send().await {
        Ok(answer) => answer,
        Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap_or_default();
    let mut response = (status, body).into_response();
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    response
}
