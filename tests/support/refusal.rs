//! How each engine refuses a request, in its own words.

use serde_json::json;

use crate::proxy::Answer;

/// Whose words.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Engine {
    /// The bucket's.
    S3,
    /// The table's.
    DynamoDb,
    /// OpenSearch's.
    Search,
    /// The queue's.
    Sqs,
    /// The database's, where that takes the place of the table.
    Postgres,
}

impl Engine {
    /// Those of the local cloud.
    pub const ALL: [Self; 4] = [Self::S3, Self::DynamoDb, Self::Search, Self::Sqs];

    /// Its name in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S3 => "S3",
            Self::DynamoDb => "DynamoDB",
            Self::Search => "OpenSearch",
            Self::Sqs => "SQS",
            Self::Postgres => "Postgres",
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
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
pub fn refuse(engine: Engine, refusal: Refusal) -> Answer {
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
        Engine::Postgres => fatal(match refusal {
            TooMany => "53300",
            Throttled => "53000",
            Internal => "57P02",
            Unavailable => "57P01",
        }),
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

/// What Postgres says before it ends a connection: `ErrorResponse`, a code of its appendix A in it.
fn fatal(code: &str) -> Answer {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0Mdisturbed on purpose\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap_or_default();
    Answer::raw([b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat())
}

fn aws(status: u16, code: &str, headers: &[&str]) -> Answer {
    let headers = [&["content-type: application/x-amz-json-1.0"], headers].concat();
    let body = json!({ "__type": code, "message": "disturbed on purpose" });
    Answer::new(status, &headers, &body.to_string())
}
