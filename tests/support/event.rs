//! Events and invocations, as the bucket and the queue make them.

use std::time::Duration;

use logmill_metadata::{Metadata, Owner};
use logmill_model::Timestamp;
use logmill_parse::{Invocation, Parse, Response};
use serde_json::json;

use crate::embedded::BUCKET;

/// The notification of an object that was put. `key` needs no encoding.
pub fn notification(key: &str, etag: &str, sequencer: &str) -> String {
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": { "name": BUCKET },
            "object": { "key": key.replace('=', "%3D"), "eTag": etag, "sequencer": sequencer },
        },
    }] })
    .to_string()
}

/// The notification of an object that was deleted.
pub fn removal(key: &str, sequencer: &str) -> String {
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventName": "ObjectRemoved:Delete",
        "s3": { "bucket": { "name": BUCKET }, "object": { "key": key, "sequencer": sequencer } },
    }] })
    .to_string()
}

/// Lets the function work on a batch of one message; whether the message is to be delivered again.
pub async fn deliver<M: Metadata>(
    function: &Parse<M>,
    body: &str,
    invocation: &Invocation,
) -> bool {
    let event =
        json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": "1", "body": body }] });
    match function.handle_event(event, invocation).await {
        Ok(Response::Batch(answer)) => !answer.batch_item_failures.is_empty(),
        other => panic!("no answer to a batch: {other:?}"),
    }
}

/// A call of the function that nobody else makes, `ahead` of the present time.
pub fn invocation(owner: &str, ahead: Duration, left: Duration) -> Invocation {
    let ahead = jiff::SignedDuration::try_from(ahead).expect("it is short");
    Invocation::within(Owner::new(owner), Timestamp::now() + ahead, left)
}
