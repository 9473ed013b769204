//! Endpoints for the tests.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use logmill_local_s3::{KeyPair, LocalS3, Options};
use logmill_objects::Objects;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The objects of an endpoint.
pub(crate) fn connect(endpoint: &str, keys: &KeyPair) -> Objects {
    let credentials = Credentials::new(&keys.access_key, &keys.secret_key, None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Objects::connect(&config)
}

/// A server of the S3 protocol with an empty bucket.
pub(crate) struct Store {
    pub(crate) objects: Objects,
    pub(crate) bucket: String,
    _data: tempfile::TempDir,
}

impl Store {
    pub(crate) async fn start(bucket: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let objects = if let Ok(endpoint) = std::env::var("LOGMILL_TEST_S3_ENDPOINT") {
            let key = |name: &str| std::env::var(name).unwrap_or_else(|_| "test".to_owned());
            let keys = KeyPair {
                access_key: key("AWS_ACCESS_KEY_ID"),
                secret_key: key("AWS_SECRET_ACCESS_KEY"),
            };
            connect(&endpoint, &keys)
        } else {
            let keys = KeyPair::default();
            let options = Options { credentials: keys.clone() };
            let s3 = LocalS3::open(data.path(), options).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { s3.serve(listener, std::future::pending()).await });
            connect(&endpoint, &keys)
        };
        objects.create_bucket(bucket).await.unwrap();
        Self { objects, bucket: bucket.to_owned(), _data: data }
    }
}

/// A server that gives scripted answers, one a request, as raw HTTP, and closes the connection after
/// each that is whole; without an answer left it keeps silent. It tells the head of every request.
pub(crate) struct Script {
    pub(crate) objects: Objects,
    pub(crate) heads: mpsc::UnboundedReceiver<String>,
    server: JoinHandle<()>,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Script {
    pub(crate) async fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (told, heads) = mpsc::unbounded_channel();
        let server = tokio::spawn(async move {
            let mut answers = answers.into_iter();
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(head) = request(&mut stream).await else { continue };
                let _ = told.send(head);
                match answers.next() {
                    Some(answer) => {
                        let _ = stream.write_all(answer.trim_end_matches(STALLS).as_bytes()).await;
                        if answer.ends_with(STALLS) {
                            silent.push(stream);
                        } else {
                            let _ = stream.shutdown().await;
                        }
                    }
                    None => silent.push(stream),
                }
            }
        });
        Self { objects: connect(&endpoint, &KeyPair::default()), heads, server }
    }
}

/// Reads a request whole and returns its head in lower case.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or_default();
    while bytes.len() < end + 4 + length && stream.read_buf(&mut bytes).await.ok()? > 0 {}
    Some(head)
}

/// What an answer ends with after which nothing comes, not even the connection's end.
pub(crate) const STALLS: char = '\u{4}';

/// An answer with a body of this length, of which only `body` is sent.
pub(crate) fn answer(status: &str, headers: &str, length: usize, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// An error as S3 tells it.
pub(crate) fn refusal(status: &str, code: &str) -> String {
    let body = format!("<Error><Code>{code}</Code><Message>as scripted</Message></Error>");
    answer(status, "content-type: application/xml\r\n", body.len(), &body)
}
