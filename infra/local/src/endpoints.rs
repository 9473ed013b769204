//! Where the parts of a running Logmill are: the ports of `logmill up`, or real engines by the same
//! variables that the functions read.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use clap::Args;
use logmill_archive::{Archive, Settings};
use logmill_consume::Consume;
use logmill_deadletter::DeadLetters;
use logmill_documents::{Documents, Endpoint, Names};
use logmill_metadata_any::AnyStore;
use logmill_objects::Objects;
use logmill_runtime::config::Database;

/// The bucket of the logs.
pub(crate) const BUCKET: &str = "deployment-logs";
/// The bucket of the dead letters.
pub(crate) const DEAD_LETTERS: &str = "logmill-dead-letters";
/// The queue of the function `parse`.
pub(crate) const PARSE_QUEUE: &str = "logmill-parse";
/// The topic whose events name deployments that are to be parsed.
pub(crate) const PROCESSING_EVENTS: &str = "log-processing-events";
/// The topics of every deployment.
pub(crate) const TOPICS: [&str; 5] =
    ["app-logs", "logs.raw", PROCESSING_EVENTS, "build-internal", "dlq"];
/// The group that feeds `parse` with them.
pub(crate) const PARSE_GROUP: &str = "logmill-parse";
/// Where goes what is known of a batch of them that was given up.
pub(crate) const GIVEN_UP_QUEUE: &str = "logmill-parse-kafka-dead";
/// The bucket of the service logs' archive.
pub(crate) const ARCHIVE: &str = "logs-archive";
/// The group that feeds `archive` with the topics of the service logs.
pub(crate) const ARCHIVE_GROUP: &str = "logmill-archive";
/// The group that feeds `consume` with the topics of the service logs.
pub(crate) const CONSUME_GROUP: &str = "logmill-consume";
/// Where goes what is known of a batch of them that was given up.
pub(crate) const CONSUME_GIVEN_UP_QUEUE: &str = "logmill-consume-kafka-dead";
/// Where its messages go that died too often.
pub(crate) const PARSE_DEAD_QUEUE: &str = "logmill-parse-dead";

/// The ports of the local cloud, on loopback, and what takes the place of a part.
#[derive(Args, Clone)]
pub(crate) struct Ports {
    /// The Postgres that holds the metadata in place of DynamoDB; or the variable DATABASE_URL,
    /// which shows no password to others on this machine
    #[arg(long, value_name = "postgres://…", global = true)]
    pub(crate) metadata: Option<String>,
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
    /// Port of Kafka
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 9092,
        help_heading = "Ports",
        global = true
    )]
    pub(crate) kafka_port: u16,
    /// Port to which services send their events
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8081,
        help_heading = "Ports",
        global = true
    )]
    pub(crate) ingest_port: u16,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").field("http_port", &self.http_port).finish_non_exhaustive()
    }
}

impl Ports {
    /// The database of the metadata, as the command line or the environment names it.
    pub(crate) fn database(&self) -> anyhow::Result<Option<Database>> {
        Ok(Database::read(|name| match (name, &self.metadata) {
            ("DATABASE_URL", Some(given)) => Some(given.clone()),
            _ => std::env::var(name).ok(),
        })?)
    }

    /// Whether the metadata or the documents are in the local cloud, which must run then.
    pub(crate) fn need_up(&self) -> anyhow::Result<bool> {
        let places = Places::from_environment(self);
        let dynamodb = places.dynamodb == url(self.dynamodb_port);
        let search = places.search == url(self.search_port);
        Ok(search || (dynamodb && self.database()?.is_none()))
    }
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
    /// The bucket of the logs.
    pub(crate) bucket: String,
    pub(crate) metadata: AnyStore,
    pub(crate) documents: Documents,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) queues: aws_sdk_sqs::Client,
    pub(crate) queue_url: String,
}

/// Where each part is: at its port, or where a variable says.
pub(crate) struct Places {
    pub(crate) s3: String,
    pub(crate) dynamodb: String,
    pub(crate) search: String,
    pub(crate) sqs: String,
    /// Hosts and ports, not an address.
    pub(crate) kafka: String,
}

impl Places {
    /// Of the local cloud at these ports; `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_DYNAMODB`,
    /// `AWS_ENDPOINT_URL_SQS`, `OPENSEARCH_URL` and `KAFKA_BOOTSTRAP_SERVERS` move one part each.
    pub(crate) fn from_environment(ports: &Ports) -> Self {
        Self::of(ports, |name| std::env::var(name).ok())
    }

    /// Whether all of AWS' parts are those of the local cloud.
    pub(crate) fn are_local(&self, ports: &Ports) -> bool {
        [
            (&self.s3, ports.s3_port),
            (&self.dynamodb, ports.dynamodb_port),
            (&self.sqs, ports.sqs_port),
        ]
        .iter()
        .all(|(place, port)| **place == url(*port))
    }

    /// Whether S3 or SQS is that of the local cloud.
    fn is_any_local(&self, ports: &Ports) -> bool {
        self.s3 == url(ports.s3_port) || self.sqs == url(ports.sqs_port)
    }

    /// The address of the queue of `parse`.
    pub(crate) fn queue_url(&self) -> String {
        format!("{}/000000000000/{PARSE_QUEUE}", self.sqs)
    }

    fn of(ports: &Ports, variable: impl Fn(&str) -> Option<String>) -> Self {
        let place = |name: &str, port| {
            let elsewhere = variable(name).filter(|address| !address.is_empty());
            elsewhere.map_or_else(|| url(port), |address| address.trim_end_matches('/').to_owned())
        };
        let kafka = ["KAFKA_BOOTSTRAP_SERVERS", "KAFKA_BROKERS"].into_iter();
        let mut kafka = kafka.filter_map(&variable).filter(|servers| !servers.is_empty());
        Self {
            s3: place("AWS_ENDPOINT_URL_S3", ports.s3_port),
            dynamodb: place("AWS_ENDPOINT_URL_DYNAMODB", ports.dynamodb_port),
            search: place("OPENSEARCH_URL", ports.search_port),
            sqs: place("AWS_ENDPOINT_URL_SQS", ports.sqs_port),
            kafka: kafka.next().unwrap_or_else(|| loopback(ports.kafka_port).to_string()),
        }
    }
}

impl Clients {
    /// Clients of the local cloud at these ports, and of parts that are elsewhere ([`Places`]);
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION` are for those. Nothing is sent
    /// yet.
    pub(crate) fn local(ports: &Ports) -> anyhow::Result<Self> {
        let places = Places::from_environment(ports);
        let search = opensearch(&places.search)?;
        let at = |place: &str, port| {
            let credentials = if place == url(port) { local() } else { environment() };
            config(credentials).into_builder().endpoint_url(place).build()
        };
        let objects = Objects::connect_to(&at(&places.s3, ports.s3_port), &places.s3);
        Ok(Self {
            metadata: AnyStore::connect(
                &at(&places.dynamodb, ports.dynamodb_port),
                "",
                ports.database()?.as_ref(),
            )?,
            documents: Documents::connect(&search, Names::default()).context("OPENSEARCH_URL")?,
            dead_letters: DeadLetters::new(objects.clone(), DEAD_LETTERS),
            queues: aws_sdk_sqs::Client::new(&at(&places.sqs, ports.sqs_port)),
            queue_url: places.queue_url(),
            bucket: BUCKET.to_owned(),
            objects,
        })
    }

    /// Clients of parts that are elsewhere, where they have other names: those that the functions
    /// are given by `LOGMILL_BUCKET`, `LOGMILL_DEAD_LETTER_BUCKET`, `LOGMILL_PARSE_QUEUE_URL` and
    /// `LOGMILL_TABLE_PREFIX`.
    pub(crate) fn elsewhere(ports: &Ports) -> anyhow::Result<Self> {
        let local = Self::local(ports)?;
        let places = Places::from_environment(ports);
        let prefix = variable("LOGMILL_TABLE_PREFIX").unwrap_or_default();
        let letters = variable("LOGMILL_DEAD_LETTER_BUCKET");
        let letters = letters.as_deref().unwrap_or(DEAD_LETTERS);
        let sdk = config(environment()).into_builder().endpoint_url(places.dynamodb).build();
        Ok(Self {
            metadata: AnyStore::connect(&sdk, &prefix, ports.database()?.as_ref())?,
            dead_letters: DeadLetters::new(local.objects.clone(), letters),
            bucket: variable("LOGMILL_BUCKET").unwrap_or(local.bucket),
            queue_url: variable("LOGMILL_PARSE_QUEUE_URL").unwrap_or(local.queue_url),
            ..local
        })
    }

    /// Clients of a running `logmill up`, or of a deployment, if every part is elsewhere.
    pub(crate) async fn running(ports: &Ports) -> anyhow::Result<Self> {
        if !ports.need_up()? && !Places::from_environment(ports).is_any_local(ports) {
            return Self::elsewhere(ports);
        }
        let port = ports.http_port;
        let answers = tokio::net::TcpStream::connect(loopback(port)).await.is_ok();
        anyhow::ensure!(
            answers,
            "no Logmill runs at port {port}: start it with `logmill up` in another terminal, or \
             name its ports (see --help)"
        );
        Self::local(ports)
    }

    /// The function `archive` with these clients.
    pub(crate) fn archive(&self) -> Archive<AnyStore> {
        Archive {
            metadata: self.metadata.clone(),
            objects: self.objects.clone(),
            dead_letters: self.dead_letters.clone(),
            settings: Settings { bucket: archive_bucket(), reports_failures: true },
        }
    }

    /// The function `consume` with these clients, as the environment's settings say.
    pub(crate) fn consume(&self) -> anyhow::Result<Consume> {
        let events = logmill_runtime::config::Events::read(|name| std::env::var(name).ok())?;
        let (objects, documents) = (self.objects.clone(), self.documents.clone());
        Consume::new(objects, documents, self.dead_letters.clone(), &events)
    }
}

/// The endpoint of OpenSearch at this address, as the settings of the functions say; signatures are
/// made by the environment's credentials.
fn opensearch(address: &str) -> anyhow::Result<Endpoint> {
    let settings = logmill_runtime::config::OpenSearch::read(|name| match name {
        "OPENSEARCH_URL" => Some(address.to_owned()),
        name => std::env::var(name).ok(),
    })?;
    Ok(Endpoint::from_settings(&settings, &config(environment()))?)
}

/// Credentials that the local cloud accepts; they guard nothing.
fn local() -> Credentials {
    Credentials::new("logmill", "logmill-local", None, None, "logmill up")
}

/// The archive's bucket: that which the function is given by `LOGMILL_ARCHIVE_BUCKET`.
pub(crate) fn archive_bucket() -> String {
    variable("LOGMILL_ARCHIVE_BUCKET").unwrap_or_else(|| ARCHIVE.to_owned())
}

/// The value of a variable, if it has one.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Credentials for a part that is elsewhere: the environment's, where it has some.
fn environment() -> Credentials {
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => {
            Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment")
        }
        _ => local(),
    }
}

/// The configuration of AWS' clients with the environment's credentials.
pub(crate) fn sdk() -> SdkConfig {
    config(environment())
}

fn config(credentials: Credentials) -> SdkConfig {
    let region = std::env::var("AWS_REGION").unwrap_or_default();
    let region = if region.is_empty() { "us-east-1".to_owned() } else { region };
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Ports = Ports {
        metadata: None,
        http_port: 1,
        s3_port: 2,
        dynamodb_port: 3,
        search_port: 4,
        sqs_port: 5,
        kafka_port: 6,
        ingest_port: 7,
    };

    #[test]
    fn one_part_is_moved_and_the_others_stay_at_their_ports() {
        let places = Places::of(&PORTS, |name| match name {
            "OPENSEARCH_URL" => Some("https://search.internal:9200/".to_owned()),
            "AWS_ENDPOINT_URL_S3" => Some(String::new()),
            _ => None,
        });
        assert_eq!(places.search, "https://search.internal:9200");
        assert_eq!(places.kafka, "127.0.0.1:6");
        let others = [places.s3, places.dynamodb, places.sqs];
        assert_eq!(others, ["http://127.0.0.1:2", "http://127.0.0.1:3", "http://127.0.0.1:5"]);
    }

    #[test]
    fn a_kafka_elsewhere_is_found_by_either_name() {
        let servers = |given: &str| {
            Places::of(&PORTS, |name| (name == given).then(|| "b-1:9092,b-2:9092".to_owned())).kafka
        };
        for name in ["KAFKA_BOOTSTRAP_SERVERS", "KAFKA_BROKERS"] {
            assert_eq!(servers(name), "b-1:9092,b-2:9092");
        }
    }
}
