//! Events and invocations, as the bucket and the queue make them.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use logmill_metadata::Owner;
use logmill_model::Timestamp;
use logmill_parse::Invocation;
use logmill_runtime::retry::Deadline;
use serde_json::json;

use crate::engines::BUCKET;

/// The notification of an object that was put. `key` needs no encoding.
pub(crate) fn notification(key: &str, etag: &str, sequencer: &str) -> String {
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
pub(crate) fn removal(key: &str, sequencer: &str) -> String {
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventName": "ObjectRemoved:Delete",
        "s3": { "bucket": { "name": BUCKET }, "object": { "key": key, "sequencer": sequencer } },
    }] })
    .to_string()
}

/// A batch of one message.
pub(crate) fn batch(id: &str, body: &str) -> SqsEvent {
    let mut one = SqsMessage::default();
    one.message_id = Some(id.to_owned());
    one.body = Some(body.to_owned());
    let mut event = SqsEvent::default();
    event.records = vec![one];
    event
}

/// A call of the function that nobody else makes, `ahead` of the present time.
pub(crate) fn invocation(owner: &str, ahead: Duration, left: Duration) -> Invocation {
    let ahead = jiff::SignedDuration::try_from(ahead).expect("it is short");
    Invocation {
        owner: Owner::new(owner),
        now: Timestamp::now() + ahead,
        deadline: Deadline::after(left),
    }
}
