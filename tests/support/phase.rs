//! The phases of the work on a log, known by the requests that begin and end them.

use serde_json::Value;

use crate::proxy::Request;

/// A moment in the work on a log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// The object's row says who works on it.
    LeaseTaken,
    /// A bulk is on its way.
    BulkHalfSent,
    /// A bulk is written, and nobody heard that.
    BulkNotAnswered,
    /// The records are written, the build document is not.
    BeforeBuild,
    /// All documents are written, the row does not say so.
    BeforeCompleted,
    /// The row says so, the message is still there.
    AfterCompleted,
    /// The search engine makes documents visible, or deletes older ones.
    EngineCommits,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::LeaseTaken,
        Self::BulkHalfSent,
        Self::BulkNotAnswered,
        Self::BeforeBuild,
        Self::BeforeCompleted,
        Self::AfterCompleted,
        Self::EngineCommits,
    ];

    /// Its name in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeaseTaken => "lease taken",
            Self::BulkHalfSent => "bulk sent by half",
            Self::BulkNotAnswered => "bulk written, not answered",
            Self::BeforeBuild => "before the build document",
            Self::BeforeCompleted => "before COMPLETED",
            Self::AfterCompleted => "after COMPLETED, before the message is deleted",
            Self::EngineCommits => "an engine commits",
        }
    }

    /// Whether this request is the one that begins or ends the phase.
    pub fn is_at(self, request: &Request) -> bool {
        match self {
            Self::LeaseTaken => writes_status(request, "PROCESSING"),
            Self::BulkHalfSent | Self::BulkNotAnswered => request.is_bulk(),
            Self::BeforeBuild => {
                let body = String::from_utf8_lossy(&request.body);
                request.is_bulk() && body.contains("\"_index\":\"logmill-builds-")
            }
            Self::BeforeCompleted | Self::AfterCompleted => writes_status(request, "COMPLETED"),
            Self::EngineCommits => {
                ["/_refresh", "/_delete_by_query"].iter().any(|end| request.path.contains(end))
            }
        }
    }

    /// Whether the engine has done its work when the moment has come.
    pub const fn is_answered(self) -> bool {
        matches!(self, Self::LeaseTaken | Self::BulkNotAnswered | Self::AfterCompleted)
    }
}

/// Whether a request writes an object's row with this status.
fn writes_status(request: &Request, status: &str) -> bool {
    if request.is_commit() {
        // As a parameter is sent: its length, then its bytes.
        let length = u32::try_from(status.len()).unwrap_or_default().to_be_bytes();
        let parameter = [&length[..], status.as_bytes()].concat();
        return request.transaction.windows(parameter.len()).any(|part| part == parameter);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else { return false };
    let is_object = |item: &Value| {
        let row = item["row"]["S"].as_str().unwrap_or_default();
        row.starts_with("object#") && item["status"]["S"] == status
    };
    let items = body["TransactItems"].as_array();
    is_object(&body["Item"])
        || items.is_some_and(|items| items.iter().any(|item| is_object(&item["Put"]["Item"])))
}
