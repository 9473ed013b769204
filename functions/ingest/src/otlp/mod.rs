//! OTLP/HTTP logs (OTLP 1.7, "OTLP/HTTP"): `POST /v1/logs`, protobuf or JSON.
//!
//! | OTLP | event |
//! |---|---|
//! | `time_unix_nano`, else `observed_time_unix_nano` | `timestamp` |
//! | `severity_number`, else `severity_text` | `level` |
//! | `body` | `message`; what is no text is `payload.body`, too |
//! | `trace_id`, `span_id`, `event_name` | the same, in hexadecimal |
//! | `service.name`, `service.version`, `host.name` of the resource | `service`, `version`, `host` |
//! | `deployment.environment.name`, else `deployment.environment` | `env` |
//! | `client.address` of the record | `client_ip` |
//! | other attributes | `payload` of the record, `resource` and `scope` |

mod event;
mod model;
mod read;

use http::{HeaderMap, StatusCode};
use prost::Message as _;

use crate::answer::{Answer, Refusal};
use crate::batch::Batch;
use crate::content::content_type;
use crate::publish::Sent;
use model::{Exported, PartialSuccess, Status};

/// How a request is written, and its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// As the content type says.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        match content_type(headers).as_str() {
            "application/x-protobuf" | "application/protobuf" => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            other => Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!(
                    "Content-Type: {other:?}: OTLP is sent as application/x-protobuf or \
                     application/json"
                ),
            )),
        }
    }
}

/// The events of a request.
pub(crate) fn read(encoding: Encoding, body: &[u8], batch: &mut Batch<'_>) -> Result<(), Refusal> {
    match encoding {
        Encoding::Protobuf => read::protobuf(body, batch),
        Encoding::Json => read::json(body, batch),
    }
}

/// A refusal, as `google.rpc.Status` in the request's encoding.
pub(crate) fn refusal(encoding: Encoding, refusal: &Refusal) -> Answer {
    let code = match refusal.status {
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE => 8,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        _ => 3,
    };
    let status = Status { code, message: refusal.message.clone() };
    let body = match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => serde_json::to_vec(&status).unwrap_or_default(),
    };
    answer(encoding, refusal.status, body).after(refusal)
}

/// The answer to what was published: 200 if all good ones are in Kafka; where some are not, the
/// sender is told to send all again, for OTLP knows no other way to keep them.
pub(crate) fn published(encoding: Encoding, sent: &Sent, bad: Option<(usize, String)>) -> Answer {
    if let Some(error) = &sent.error {
        let mut why = Refusal::of_bus(error);
        // Only these are sent again.
        if why.status == StatusCode::PAYLOAD_TOO_LARGE {
            why.status = StatusCode::BAD_REQUEST;
        }
        return refusal(encoding, &why);
    }
    let partial_success = bad.map(|(count, error_message)| PartialSuccess {
        rejected_log_records: i64::try_from(count).unwrap_or(i64::MAX),
        error_message,
    });
    let exported = Exported { partial_success };
    let body = match encoding {
        Encoding::Protobuf => exported.encode_to_vec(),
        Encoding::Json => serde_json::to_vec(&exported).unwrap_or_default(),
    };
    answer(encoding, StatusCode::OK, body)
}

/// How many were not taken, and what is wrong with the first.
pub(crate) fn rejected(batch: &Batch<'_>) -> Option<(usize, String)> {
    let first = batch.bad.first()?;
    Some((batch.bad.len(), format!("log record {}: {}", first.index, first.faults)))
}

fn answer(encoding: Encoding, status: StatusCode, body: Vec<u8>) -> Answer {
    let kind = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    Answer::new(status, kind, body)
}
