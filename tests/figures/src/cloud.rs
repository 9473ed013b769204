//! S3 and SQS: a bucket for the logs, one for the dead letters, and the function's queue.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::types::Message;
use logmill_given::engine;
use logmill_objects::{Content, Objects, PutOptions};
use serde_json::{Value, json};

/// The engine's parts that one run uses.
#[derive(Debug)]
pub struct Cloud {
    /// Where it is.
    pub url: String,
    /// The client of S3.
    pub objects: Objects,
    /// The bucket of the logs.
    pub bucket: String,
    /// The bucket of the dead letters.
    pub letters: String,
    /// The address of the queue.
    pub queue: String,
    sqs: aws_sdk_sqs::Client,
}

impl Cloud {
    /// Makes the buckets and the queue, all named after this run.
    pub async fn create(name: &str) -> Self {
        let url = engine("LOGMILL_ENGINE_CLOUD");
        let credentials = Credentials::new("logmill", "logmill-local", None, None, "figures");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(&url)
            .build();
        let objects = Objects::connect_to(&config, &url);
        let (bucket, letters) = (format!("{name}-logs"), format!("{name}-letters"));
        for bucket in [&bucket, &letters] {
            objects.create_bucket(bucket).await.unwrap();
        }
        let sqs = aws_sdk_sqs::Client::new(&config);
        let created = sqs.create_queue().queue_name(name).send().await.unwrap();
        let queue = created.queue_url.unwrap();
        Self { url, objects, bucket, letters, queue, sqs }
    }

    /// Puts a log and returns the notification that a bucket makes of it.
    pub async fn put(&self, key: &str, content: Vec<u8>) -> String {
        let put =
            self.objects.put(&self.bucket, key, Content::from(content), PutOptions::default());
        let etag = put.await.unwrap().etag;
        let object = json!({ "key": key, "eTag": etag, "sequencer": "0000000000000001" });
        json!({ "Records": [{
            "eventVersion": "2.1",
            "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": self.bucket }, "object": object },
        }] })
        .to_string()
    }

    /// Sends a message to the queue.
    pub async fn send(&self, body: &str) {
        let sending = self.sqs.send_message().queue_url(&self.queue);
        sending.message_body(body).send().await.unwrap();
    }

    /// The next message, which comes within a few seconds or not at all.
    pub async fn receive(&self) -> Option<Message> {
        let receiving = self.sqs.receive_message().queue_url(&self.queue).wait_time_seconds(3);
        let received = receiving.max_number_of_messages(1).visibility_timeout(120).send().await;
        received.unwrap().messages.unwrap_or_default().pop()
    }

    /// Takes a message off the queue.
    pub async fn delete(&self, message: &Message) {
        let receipt = message.receipt_handle.clone().unwrap();
        let deleting = self.sqs.delete_message().queue_url(&self.queue).receipt_handle(receipt);
        deleting.send().await.unwrap();
    }

    /// How many dead letters there are.
    pub async fn dead_letters(&self) -> usize {
        self.objects.list(&self.letters, "", None).await.unwrap().objects.len()
    }
}

/// The event that a queue's message comes in.
pub fn event(id: &str, body: &str) -> Value {
    json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": id, "body": body }] })
}
