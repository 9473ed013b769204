//! S3 and SQS that are not ours, with the notification from the one to the other.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use logmill_parse::Queue;

/// What a client is built from; the engines take any credentials.
pub(crate) fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("logmill", "logmill-local", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build()
}

/// A bucket whose objects are told to a queue.
pub(crate) struct Cloud {
    s3: aws_sdk_s3::Client,
    pub(crate) queue: Queue,
    pub(crate) bucket: String,
    pub(crate) letters: String,
}

impl Cloud {
    /// Makes both, for this test alone.
    pub(crate) async fn create(url: &str, name: &str) -> Self {
        let config = config(url);
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        let sqs = aws_sdk_sqs::Client::new(&config);
        let (bucket, letters) = (format!("{name}-logs"), format!("{name}-letters"));
        for bucket in [&bucket, &letters] {
            s3.create_bucket().bucket(bucket).send().await.unwrap();
        }
        let created = sqs.create_queue().queue_name(name).send().await.unwrap();
        let queue = Queue { client: sqs, url: created.queue_url.unwrap() };
        let cloud = Self { s3, queue, bucket, letters };
        cloud.notify().await;
        cloud
    }

    /// Lets the bucket tell the queue of each object that is put.
    async fn notify(&self) {
        let name = QueueAttributeName::QueueArn;
        let asked = self.queue.client.get_queue_attributes().queue_url(&self.queue.url);
        let attributes = asked.attribute_names(name.clone()).send().await.unwrap();
        let arn = attributes.attributes.unwrap().remove(&name).unwrap();
        let to = QueueConfiguration::builder().queue_arn(arn).events(Event::S3ObjectCreated);
        let configuration =
            NotificationConfiguration::builder().queue_configurations(to.build().unwrap()).build();
        let put = self.s3.put_bucket_notification_configuration().bucket(&self.bucket);
        put.notification_configuration(configuration).send().await.unwrap();
    }

    /// Puts an object as any S3 client does.
    pub(crate) async fn put(&self, key: &str, content: &[u8]) {
        let put = self.s3.put_object().bucket(&self.bucket).key(key);
        put.body(content.to_vec().into()).send().await.unwrap();
    }

    /// The next messages, with a short wait for the first one.
    pub(crate) async fn receive(&self) -> Vec<Message> {
        let receiving = self.queue.client.receive_message().queue_url(&self.queue.url);
        let receiving = receiving.max_number_of_messages(10).wait_time_seconds(1);
        receiving.visibility_timeout(120).send().await.unwrap().messages.unwrap_or_default()
    }

    /// Takes a message off the queue.
    pub(crate) async fn delete(&self, message: &Message) {
        let deleting = self.queue.client.delete_message().queue_url(&self.queue.url);
        let receipt = message.receipt_handle.clone().unwrap();
        deleting.receipt_handle(receipt).send().await.unwrap();
    }

    /// The keys of the dead letters.
    pub(crate) async fn dead_letters(&self) -> Vec<String> {
        let listed = self.s3.list_objects_v2().bucket(&self.letters).send().await.unwrap();
        listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect()
    }
}
