//! The SQS protocol over the queues: AWS JSON 1.0, as the AWS SDKs speak it (`POST /`, the
//! operation in `X-Amz-Target: AmazonSQS.…`), after the SQS API reference of 2012-11-05.

mod fault;
mod messages;
mod queues;
mod shapes;

use crate::store::Queue;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The content type of requests and answers.
const JSON: &str = "application/x-amz-json-1.0";
/// Whose queues they are said to be.
const ACCOUNT: &str = "000000000000";

/// What an operation works on.
#[derive(Clone, Debug)]
struct Sqs {
    queue: Queue,
    base_url: String,
}

/// The SQS protocol over these queues, at the root of an address of its own. `base_url` is what
/// the queues' addresses begin with: `http://127.0.0.1:9324`.
///
/// Served are: CreateQueue, GetQueueUrl, ListQueues, GetQueueAttributes, SetQueueAttributes,
/// DeleteQueue, PurgeQueue, SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility and
/// their batches; of standard queues, without tags, permissions and encryption.
///
/// **Signatures are not looked at**: whoever reaches the port may do everything, so it belongs on
/// loopback only.
pub fn router(queue: Queue, base_url: &str) -> Router {
    let state = Sqs { queue, base_url: base_url.trim_end_matches('/').to_owned() };
    // SDKs post to the root or to the queue's own address.
    Router::new().fallback(axum::routing::post(serve)).with_state(state)
}

async fn serve(State(sqs): State<Sqs>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let Some(operation) = target.and_then(|target| target.strip_prefix("AmazonSQS.")) else {
        return Fault::unknown(target.unwrap_or_default()).into_response();
    };
    match call(&sqs, operation, &body).await {
        Ok(answer) => {
            (StatusCode::OK, [("content-type", JSON)], answer.to_string()).into_response()
        }
        Err(fault) => {
            tracing::debug!(operation, %fault, "an SQS request was refused");
            fault.into_response()
        }
    }
}

async fn call(sqs: &Sqs, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    match operation {
        "CreateQueue" => answer(&sqs.create_queue(read(body)?).await?),
        "GetQueueUrl" => answer(&sqs.get_queue_url(read(body)?).await?),
        "ListQueues" => answer(&sqs.list_queues(read(body)?).await?),
        "GetQueueAttributes" => answer(&sqs.get_queue_attributes(read(body)?).await?),
        "SetQueueAttributes" => answer(&sqs.set_queue_attributes(read(body)?).await?),
        "DeleteQueue" => answer(&sqs.delete_queue(read(body)?).await?),
        "PurgeQueue" => answer(&sqs.purge_queue(read(body)?).await?),
        "SendMessage" => answer(&sqs.send_message(read(body)?).await?),
        "SendMessageBatch" => answer(&sqs.send_message_batch(read(body)?).await?),
        "ReceiveMessage" => answer(&sqs.receive_message(read(body)?).await?),
        "DeleteMessage" => answer(&sqs.delete_message(read(body)?).await?),
        "DeleteMessageBatch" => answer(&sqs.delete_message_batch(read(body)?).await?),
        "ChangeMessageVisibility" => answer(&sqs.change_visibility(read(body)?).await?),
        "ChangeMessageVisibilityBatch" => answer(&sqs.change_visibility_batch(read(body)?).await?),
        other => Err(Fault::unknown(other)),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Fault::malformed(&error))
}

fn answer<T: Serialize>(value: &T) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|error| Fault::malformed(&error))
}

impl Sqs {
    fn url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{queue}", self.base_url)
    }

    /// The name in a queue's address; its host does not matter.
    fn name<'a>(&self, url: &'a str) -> Result<&'a str, Fault> {
        match url.rsplit('/').next() {
            Some(name) if !name.is_empty() => Ok(name),
            _ => Err(Fault::invalid_address(url)),
        }
    }
}
