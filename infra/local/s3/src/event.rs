//! What happened to an object, in the order of the changes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What stays as it is in a key when S3 encodes it for a notification or a listing; a space becomes
/// `+`, everything else `%XX` of its UTF-8.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// A change of an object, stored in the same transaction as the change itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// Its place in the order of all changes of this storage: unique and growing, also over a
    /// restart and over a storage that was removed and made anew.
    pub sequence: u64,
    /// What happened.
    pub kind: EventKind,
    /// The bucket.
    pub bucket: String,
    /// The key, not encoded.
    pub key: String,
    /// The object's length in bytes; 0 for a removal.
    pub size: u64,
    /// The object's ETag without quotation marks; empty for a removal.
    pub etag: String,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What can happen to an object.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EventKind {
    /// One request put it.
    Put,
    /// It was copied from another one.
    Copy,
    /// A multipart upload was completed.
    CompleteMultipartUpload,
    /// It was deleted. Deleting what is not there is no event.
    Delete,
}

impl EventKind {
    /// The name in a notification, without `s3:`: `ObjectCreated:Put`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Copy => "ObjectCreated:Copy",
            Self::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Self::Delete => "ObjectRemoved:Delete",
        }
    }

    /// Whether the object is there now.
    #[must_use]
    pub const fn is_created(self) -> bool {
        !matches!(self, Self::Delete)
    }

    pub(crate) fn from_name(name: &str) -> Self {
        [Self::Put, Self::Copy, Self::CompleteMultipartUpload]
            .into_iter()
            .find(|kind| kind.name() == name)
            .unwrap_or(Self::Delete)
    }
}

impl Event {
    /// The sequencer as S3 gives it: hexadecimal, of one length, so that text comparison tells
    /// which of two changes of a key came later.
    #[must_use]
    pub fn sequencer(&self) -> String {
        format!("{:016X}", self.sequence)
    }

    /// The message that S3 sends to a queue for this change ("Event message structure" 2.1 of the
    /// S3 user guide), the key encoded as there.
    #[must_use]
    pub fn notification(&self, region: &str) -> Value {
        let mut object = json!({ "key": encode_key(&self.key), "sequencer": self.sequencer() });
        if self.kind.is_created() {
            object["size"] = self.size.into();
            object["eTag"] = self.etag.as_str().into();
        }
        let id = format!("{:016X}", self.sequence);
        json!({ "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": region,
            "eventTime": iso_8601(self.at_ms),
            "eventName": self.kind.name(),
            "userIdentity": { "principalId": "LOGMILL" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": { "x-amz-request-id": id, "x-amz-id-2": id },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "logmill",
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": { "principalId": "LOGMILL" },
                    "arn": format!("arn:aws:s3:::{}", self.bucket),
                },
                "object": object,
            },
        }] })
    }
}

/// A key as S3 encodes it in notifications and in listings with `encoding-type=url`.
pub(crate) fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, KEPT).to_string().replace(' ', "+")
}

/// A time as S3 writes it: `2026-11-21T15:04:05.678Z`.
fn iso_8601(ms: i64) -> String {
    let at =
        std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let mut text = Vec::new();
    match s3s::dto::Timestamp::from(at).format(s3s::dto::TimestampFormat::DateTime, &mut text) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    }
}
