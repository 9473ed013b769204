//! An S3 client like everyone's, for objects that `logmill put` would not make.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use tokio::runtime::{Builder, Runtime};

const BUCKET: &str = "deployment-logs";

/// The bucket of the logs.
pub(crate) struct Bucket {
    client: Client,
    runtime: Runtime,
}

/// An object as a listing tells it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) etag: String,
}

impl Bucket {
    /// The bucket behind a port.
    pub(crate) fn at(port: u16) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("logmill", "logmill-local", None, None, "tests"))
            .endpoint_url(format!("http://127.0.0.1:{port}"))
            .force_path_style(true)
            // Whoever puts sees that it failed, and puts again.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .build();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { client: Client::from_conf(config), runtime }
    }

    /// Puts an object that is there when this returns.
    pub(crate) fn put(&self, key: &str, content: &[u8], metadata: &[(&str, &str)]) {
        self.try_put(key, content, metadata).expect("the object can be put");
    }

    /// Puts an object; an error says nothing about whether it is there.
    pub(crate) fn try_put(
        &self,
        key: &str,
        content: &[u8],
        metadata: &[(&str, &str)],
    ) -> Result<(), String> {
        let mut put = self.client.put_object().bucket(BUCKET).key(key);
        for (name, value) in metadata {
            put = put.metadata(*name, *value);
        }
        let sending = put.body(ByteStream::from(content.to_vec())).send();
        let sent = self.runtime.block_on(sending);
        sent.map(drop).map_err(|error| format!("{error:?}"))
    }

    /// All objects.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let listing = self.client.list_objects_v2().bucket(BUCKET).send();
        let page = self.runtime.block_on(listing).expect("it can be listed");
        assert_eq!(page.is_truncated(), Some(false), "one page holds all");
        let objects = page.contents().iter();
        objects
            .map(|object| Listed {
                key: object.key().expect("it has a key").to_owned(),
                etag: object.e_tag().expect("it has an ETag").trim_matches('"').to_owned(),
            })
            .collect()
    }
}
