//! What the SDK's errors mean here.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use logmill_metadata::{Error, ErrorKind};

/// The error of `action` (named as in IAM) on the row of `about`.
pub(crate) fn fault<E, R>(error: SdkError<E, R>, action: &str, table: &str, about: &str) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let kind = match &error {
        SdkError::ServiceError(service) => kind_of(service.err()),
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            ErrorKind::Unavailable
        }
        _ => ErrorKind::Other,
    };
    let advice = match kind {
        ErrorKind::Denied => "the credentials must be valid and allow this action on the table",
        ErrorKind::NotMigrated => "the table is missing: run `logmill migrate`",
        ErrorKind::Throttled => "the table's throughput is used up; try again later",
        ErrorKind::Unavailable => "DynamoDB can't be reached or failed; try again later",
        _ => "see the cause",
    };
    let cause = DisplayErrorContext(&error).to_string();
    let message = format!("{action} on table {table}, for {about:?}: {advice} ({cause})");
    Error::new(kind, message).caused_by(error)
}

/// By the error's code, as the API reference lists them (Common errors, and each action's).
fn kind_of(error: &impl ProvideErrorMetadata) -> ErrorKind {
    let code = error.code().unwrap_or_default();
    match code {
        "ThrottlingException"
        | "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "LimitExceededException" => ErrorKind::Throttled,
        "InternalServerError" | "InternalFailure" | "ServiceUnavailable" => ErrorKind::Unavailable,
        "TransactionConflictException"
        | "TransactionInProgressException"
        | "ResourceInUseException" => ErrorKind::Contended,
        "ResourceNotFoundException" => ErrorKind::NotMigrated,
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "MissingAuthenticationTokenException"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "ExpiredTokenException" => ErrorKind::Denied,
        // A cancelled transaction tells its reasons in the message only, one for each item.
        "TransactionCanceledException" if cancelled_by_throttling(error) => ErrorKind::Throttled,
        _ => ErrorKind::Other,
    }
}

fn cancelled_by_throttling(error: &impl ProvideErrorMetadata) -> bool {
    let message = error.message().unwrap_or_default();
    ["ThrottlingError", "ProvisionedThroughputExceeded"].iter().any(|word| message.contains(word))
}

/// Whether a conditional put failed because others were faster.
pub(crate) fn conflict<R>(error: &SdkError<PutItemError, R>) -> bool {
    matches!(
        error.as_service_error(),
        Some(
            PutItemError::ConditionalCheckFailedException(_)
                | PutItemError::TransactionConflictException(_)
        )
    )
}

/// Whether a transaction failed because others were faster, and for no worse reason.
pub(crate) fn transaction_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => true,
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            let (mut conflicts, mut others) = (0, 0);
            for code in codes {
                match code {
                    "None" => {}
                    "ConditionalCheckFailed" | "TransactionConflict" => conflicts += 1,
                    _ => others += 1,
                }
            }
            conflicts > 0 && others == 0
        }
        _ => false,
    }
}
