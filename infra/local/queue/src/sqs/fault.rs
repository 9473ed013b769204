//! Errors as the protocol has them: a type in the body, and the older code in a header, which SDKs
//! that grew up with the query protocol still show.

use super::JSON;
use crate::error::{Error, ErrorKind};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::fmt;

/// An error answer.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    status: StatusCode,
    /// The type in the body, without its namespace.
    name: &'static str,
    /// The code of the query protocol.
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Fault {
    fn sender(name: &'static str, code: &'static str, message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, name, code, message }
    }

    pub(super) fn unknown(operation: &str) -> Self {
        let message = format!("The action {operation:?} is not served by the local cloud.");
        Self::sender("UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", message)
    }

    pub(super) fn malformed(error: &serde_json::Error) -> Self {
        let message = format!("The request is not as the operation wants it: {error}");
        Self::sender("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(super) fn invalid(message: String) -> Self {
        Self::sender("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(super) fn invalid_address(url: &str) -> Self {
        let message = format!("The address {url:?} is not valid for this endpoint.");
        Self::sender("InvalidAddress", "InvalidAddress", message)
    }

    pub(super) fn attribute_name(name: &str) -> Self {
        let message = format!("Unknown Attribute {name}.");
        Self::sender("InvalidAttributeName", "InvalidAttributeName", message)
    }

    pub(super) fn attribute_value(name: &str, value: &str) -> Self {
        let message = format!("Invalid value {value:?} for the parameter {name}.");
        Self::sender("InvalidAttributeValue", "InvalidAttributeValue", message)
    }

    pub(super) fn empty_batch() -> Self {
        Self::sender(
            "EmptyBatchRequest",
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one entry in the request.".to_owned(),
        )
    }

    pub(super) fn long_batch(count: usize) -> Self {
        Self::sender(
            "TooManyEntriesInBatchRequest",
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            format!("Maximum number of entries per request are 10. You have sent {count}."),
        )
    }

    pub(super) fn double_id(id: &str) -> Self {
        Self::sender(
            "BatchEntryIdsNotDistinct",
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            format!("Id {id} repeated."),
        )
    }

    pub(super) fn bad_id(id: &str) -> Self {
        Self::sender(
            "InvalidBatchEntryId",
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            format!("The id {id:?} may have 1 to 80 letters, digits, `-` and `_`."),
        )
    }

    pub(super) fn large_batch() -> Self {
        Self::sender(
            "BatchRequestTooLong",
            "AWS.SimpleQueueService.BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes.".to_owned(),
        )
    }

    /// Whether the sender must change something: false says that trying again may help.
    pub(super) fn is_sender(&self) -> bool {
        self.status == StatusCode::BAD_REQUEST
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.name, self.message)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (name, code) = match (error.kind(), &error) {
            (ErrorKind::NoQueue, _) => {
                ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
            }
            (ErrorKind::Exists, _) => ("QueueNameExists", "QueueAlreadyExists"),
            (_, Error::BadReceipt { .. }) => ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            (ErrorKind::Invalid, _) => ("InvalidParameterValueException", "InvalidParameterValue"),
            (ErrorKind::NotInFlight, _) => {
                ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight")
            }
            (ErrorKind::Open | ErrorKind::Store, _) => {
                return Self {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    name: "InternalFailure",
                    code: "InternalFailure",
                    message,
                };
            }
        };
        Self::sender(name, code, message)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let who = if self.is_sender() { "Sender" } else { "Receiver" };
        let body = json!({
            "__type": format!("com.amazonaws.sqs#{}", self.name),
            "message": self.message,
        });
        let headers = [
            ("content-type", JSON.to_owned()),
            ("x-amzn-query-error", format!("{};{who}", self.code)),
        ];
        (self.status, headers, body.to_string()).into_response()
    }
}
