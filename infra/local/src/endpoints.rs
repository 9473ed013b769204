//! Where the parts of a running Logmill are: the ports of `logmill up`, or real engines by the same
//! variables that the functions read.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clap::Args;
use logmill_deadletter::DeadLetters;
use logmill_documents::{Documents, Endpoint, Names};
use logmill_metadata_dynamodb::Dynamo;
use logmill_objects::Objects;

/// The bucket of the logs.
pub(crate) const BUCKET: &str = "deployment-logs";
/// The bucket of the dead letters.
pub(crate) const DEAD_LETTERS: &str = "logmill-dead-letters";
/// The queue of the function `parse`.
pub(crate) const PARSE_QUEUE: &str = "logmill-parse";
/// Where its messages go that died too often.
pub(crate) const PARSE_DEAD_QUEUE: &str = "logmill-parse-dead";

/// The ports of the local cloud, on loopback.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// Port of the page and the API
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8080,
        help_heading = "Ports",
        global = true
    )]
    pub(crate) http_port: u16,
    /// Port of S3
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 9000,
        help_heading = "Ports",
        global = true
    )]
    pub(crate) s3_port: u16,
    /// Port of DynamoDB
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8000,
        help_heading = "Ports",
        global = true
    )]
    pub(crate) dynamodb_port: u16,
    /// Port of OpenSearch
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 9200,
        help_heading = "Ports",
        global = true
    )]
    pub(crate) search_port: u16,
    /// Port of SQS
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 9324,
        help_heading = "Ports",
        global = true
    )]
    pub(crate) sqs_port: u16,
}

/// A port on loopback.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The address of a port on loopback.
pub(crate) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The clients of all parts, the same that the functions use.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    pub(crate) objects: Objects,
    pub(crate) metadata: Dynamo,
    pub(crate) documents: Documents,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) queues: aws_sdk_sqs::Client,
    pub(crate) queue_url: String,
}

impl Clients {
    /// Clients of the local cloud at these ports. Nothing is sent yet.
    pub(crate) fn local(ports: &Ports) -> anyhow::Result<Self> {
        let objects = Objects::connect_to(&config(), &url(ports.s3_port));
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config())
            .endpoint_url(url(ports.dynamodb_port))
            .build();
        let sqs =
            aws_sdk_sqs::config::Builder::from(&config()).endpoint_url(url(ports.sqs_port)).build();
        let endpoint = Endpoint::new(url(ports.search_port));
        Ok(Self {
            metadata: Dynamo::new(aws_sdk_dynamodb::Client::from_conf(dynamodb), ""),
            documents: Documents::connect(&endpoint, Names::default())
                .context("cannot prepare the connection to OpenSearch")?,
            dead_letters: DeadLetters::new(objects.clone(), DEAD_LETTERS),
            queues: aws_sdk_sqs::Client::from_conf(sqs),
            queue_url: format!("{}/000000000000/{PARSE_QUEUE}", url(ports.sqs_port)),
            objects,
        })
    }

    /// Clients of a running `logmill up`.
    pub(crate) async fn running(ports: &Ports) -> anyhow::Result<Self> {
        let port = ports.http_port;
        let answers = tokio::net::TcpStream::connect(loopback(port)).await.is_ok();
        anyhow::ensure!(
            answers,
            "no Logmill runs at port {port}: start it with `logmill up` in another terminal, or \
             name its ports (see --help)"
        );
        Self::local(ports)
    }
}

/// Credentials that the local cloud accepts; they guard nothing.
fn config() -> SdkConfig {
    let credentials = Credentials::new("logmill", "logmill-local", None, None, "logmill up");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
