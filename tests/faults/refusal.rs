//! How each engine refuses a request, in its own words.

use std::io;

use serde_json::{Value, json};

use crate::proxy::{Answer, Request};

/// Whose words.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Engine {
    S3,
    DynamoDb,
    Search,
    Sqs,
}

impl Engine {
    pub(crate) const ALL: [Self; 4] = [Self::S3, Self::DynamoDb, Self::Search, Self::Sqs];
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Too many requests (429), as the engine says that.
    TooMany,
    /// Over the throughput, for a while.
    Throttled,
    /// 500
    Internal,
    /// 503
    Unavailable,
}

/// The answer of an engine that refuses a request.
pub(crate) fn refuse(engine: Engine, refusal: Refusal) -> Answer {
    use Refusal::{Internal, Throttled, TooMany, Unavailable};
    match engine {
        Engine::S3 => {
            let (status, code) = match refusal {
                TooMany => (429, "SlowDown"),
                Throttled => (503, "SlowDown"),
                Internal => (500, "InternalError"),
                Unavailable => (503, "ServiceUnavailable"),
            };
            let text = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>Please reduce your request rate.</Message></Error>"
            );
            Answer::new(status, &["content-type: application/xml"], &text)
        }
        Engine::DynamoDb => {
            let (status, code) = match refusal {
                TooMany => {
                    (400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
                }
                Throttled => (400, "com.amazon.coral.availability#ThrottlingException"),
                Internal => (500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
                Unavailable => (503, "com.amazon.coral.availability#ServiceUnavailable"),
            };
            aws(status, code, &[])
        }
        Engine::Sqs => {
            let (status, code) = match refusal {
                TooMany => (400, "RequestThrottled"),
                Throttled => (403, "ThrottlingException"),
                Internal => (500, "InternalFailure"),
                Unavailable => (503, "ServiceUnavailable"),
            };
            let who = if status < 500 { "Sender" } else { "Receiver" };
            let query = format!("x-amzn-query-error: {code};{who}");
            aws(status, &format!("com.amazonaws.sqs#{code}"), &[&query])
        }
        Engine::Search => {
            let (status, name) = match refusal {
                TooMany | Throttled => (429, "rejected_execution_exception"),
                Internal => (500, "exception"),
                Unavailable => (503, "cluster_manager_not_discovered_exception"),
            };
            let error = json!({ "type": name, "reason": "disturbed on purpose" });
            let body = json!({
                "error": { "root_cause": [error], "type": name, "reason": "disturbed on purpose" },
                "status": status,
            });
            Answer::new(status, &["content-type: application/json"], &body.to_string())
        }
    }
}

fn aws(status: u16, code: &str, headers: &[&str]) -> Answer {
    let headers = [&["content-type: application/x-amz-json-1.0"], headers].concat();
    let body = json!({ "__type": code, "message": "disturbed on purpose" });
    Answer::new(status, &headers, &body.to_string())
}

/// Forwards the items of a bulk that are marked, and answers the others as throttled, in order.
pub(crate) async fn some_items(
    request: &Request,
    kept: &[bool],
    forward: impl AsyncFnOnce(Request) -> io::Result<Answer>,
) -> io::Result<Answer> {
    let lines: Vec<&[u8]> = request.body.split_inclusive(|&byte| byte == b'\n').collect();
    let items: Vec<&[&[u8]]> = lines.chunks(2).collect();
    let is_kept = |at: usize| kept.get(at % kept.len().max(1)).copied().unwrap_or_default();
    let mut some = request.clone();
    let forwarded = items.iter().enumerate().filter(|(at, _)| is_kept(*at));
    some.body = forwarded.flat_map(|(_, lines)| lines.concat()).collect();
    let mut answers = Vec::new();
    if !some.body.is_empty() {
        let answer = forward(some).await?;
        if answer.status() != 200 {
            return Ok(answer);
        }
        let mut whole: Value = serde_json::from_slice(&answer.body)?;
        answers = whole["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    }
    let mut answers = answers.into_iter();
    let refused = json!({ "index": { "status": 429, "error": {
        "type": "es_rejected_execution_exception", "reason": "disturbed on purpose",
    } } });
    let all: Vec<Value> = (0..items.len())
        .map(|at| if is_kept(at) { answers.next().unwrap_or_default() } else { refused.clone() })
        .collect();
    let body = json!({ "took": 1, "errors": true, "items": all });
    Ok(Answer::new(200, &["content-type: application/json"], &body.to_string()))
}
