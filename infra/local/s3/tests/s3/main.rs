//! The storage through the AWS SDK for Rust, over a real connection.

#![expect(clippy::unwrap_used, reason = "a failed step fails its test")]

mod events;
mod keys;
mod multipart;
mod objects;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use logmill_local_s3::{LocalS3, Options};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A storage that is served until this is dropped.
pub(crate) struct Served {
    pub(crate) s3: LocalS3,
    pub(crate) client: Client,
    pub(crate) folder: TempDir,
    pub(crate) endpoint: String,
    serving: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A new storage with the bucket `logs`.
pub(crate) async fn serve() -> Served {
    let served = serve_in(TempDir::new().unwrap()).await;
    served.s3.create_bucket("logs").await.unwrap();
    served
}

/// The storage in a folder.
pub(crate) async fn serve_in(folder: TempDir) -> Served {
    let s3 = LocalS3::open(folder.path(), Options::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = s3.clone();
    let serving = tokio::spawn(async move {
        server.serve(listener, std::future::pending()).await.unwrap();
    });
    let client = client(&endpoint, "logmill", "logmill-local");
    Served { s3, client, folder, endpoint, serving }
}

pub(crate) fn client(endpoint: &str, access_key: &str, secret_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

impl Served {
    /// Puts a text and gives its ETag.
    pub(crate) async fn put(&self, key: &str, body: &str) -> String {
        let put = self.client.put_object().bucket("logs").key(key);
        let done = put.body(body.as_bytes().to_vec().into()).send().await.unwrap();
        done.e_tag().unwrap().to_owned()
    }

    /// The text of an object.
    pub(crate) async fn get(&self, key: &str) -> String {
        let got = self.client.get_object().bucket("logs").key(key).send().await.unwrap();
        let body = got.body.collect().await.unwrap().into_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// How many content files there are.
    pub(crate) fn files(&self) -> usize {
        let shards = std::fs::read_dir(self.folder.path().join("objects")).unwrap();
        shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
    }
}

/// The protocol's code of an error.
pub(crate) fn code<E: aws_sdk_s3::error::ProvideErrorMetadata, R>(
    error: &aws_sdk_s3::error::SdkError<E, R>,
) -> String {
    use aws_sdk_s3::error::ProvideErrorMetadata as _;
    error.code().unwrap_or("none").to_owned()
}

/// The status of an error.
pub(crate) fn status<E>(
    error: &aws_sdk_s3::error::SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> u16 {
    error.raw_response().map_or(0, |response| response.status().as_u16())
}
