//! The Lambda Runtime API, version 2018-06-01, as one process of a function sees it (Lambda
//! developer guide, "Using the Lambda runtime API").

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::{InvokeError, answer, failed};

/// The largest answer that Lambda takes, in bytes.
const MOST_ANSWER: usize = 6 * 1024 * 1024;

/// What becomes of an invocation.
pub(crate) type Answer = Result<Value, InvokeError>;

/// An invocation that waits to be fetched.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request_id: String,
    pub(crate) deadline_ms: u128,
    pub(crate) event: Vec<u8>,
    pub(crate) answer: oneshot::Sender<Answer>,
}

struct Api {
    name: String,
    jobs: tokio::sync::Mutex<mpsc::Receiver<Job>>,
    /// The invocation that was fetched.
    current: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
}

type Shared = State<Arc<Api>>;

/// The API for one process of the function `name`.
pub(crate) fn router(name: &str, jobs: mpsc::Receiver<Job>) -> Router {
    let api = Api {
        name: name.to_owned(),
        jobs: tokio::sync::Mutex::new(jobs),
        current: Mutex::new(None),
    };
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(MOST_ANSWER))
        .with_state(Arc::new(api))
}

impl Api {
    fn end(&self, request_id: Option<&str>, answer: Answer) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = current.take_if(|(id, _)| request_id.is_none_or(|wanted| wanted == id));
        // Whoever waited may have given up.
        ours.is_some_and(|(_, waiting)| waiting.send(answer).is_ok())
    }
}

async fn next(State(api): Shared) -> Response<Body> {
    let Some(job) = api.jobs.lock().await.recv().await else {
        return refusal(StatusCode::GONE, "nobody invokes this function any more");
    };
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{}", api.name);
    let response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", &job.request_id)
        .header("Lambda-Runtime-Deadline-Ms", job.deadline_ms.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", arn)
        .header("Lambda-Runtime-Trace-Id", trace_id(job.deadline_ms))
        .body(Body::from(job.event));
    let mut current = api.current.lock().unwrap_or_else(PoisonError::into_inner);
    *current = Some((job.request_id, job.answer));
    response.unwrap_or_else(|_| refusal(StatusCode::INTERNAL_SERVER_ERROR, "no such header"))
}

/// In the form of X-Ray, and not sampled.
fn trace_id(deadline_ms: u128) -> String {
    format!("Root=1-{:08x}-{deadline_ms:024x};Sampled=0", deadline_ms / 1000)
}

async fn response(State(api): Shared, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    accepted(api.end(Some(&id), answer(&body)))
}

async fn error(State(api): Shared, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    accepted(api.end(Some(&id), Err(failed(&body))))
}

/// Whoever started the process by an invocation is told why there is none.
async fn init_error(State(api): Shared, body: Bytes) -> Response<Body> {
    let failure = failed(&body);
    tracing::error!(function = api.name, %failure, "the function cannot start");
    if let Some(job) = api.jobs.lock().await.recv().await {
        // They may have given up.
        let _ = job.answer.send(Err(failure));
    }
    accepted(true)
}

fn accepted(known: bool) -> Response<Body> {
    if !known {
        return refusal(StatusCode::BAD_REQUEST, "no such invocation waits for an answer");
    }
    let mut response = Response::new(Body::from(r#"{"status":"OK"}"#));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn refusal(status: StatusCode, message: &str) -> Response<Body> {
    use axum::response::IntoResponse as _;

    (status, Json(json!({ "errorType": "InvalidRequest", "errorMessage": message })))
        .into_response()
}
