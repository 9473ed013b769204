//! Configuration: one table of settings ([`SETTINGS`]), which is also README's table, and what the
//! functions read from it.
//!
//! Values come from any `Fn(&str) -> Option<String>`; `main` passes the environment:
//! `config::Parse::read(|name| std::env::var(name).ok())`. A setting that is empty counts as unset.
//! Where a setting and its alias are both set, the setting's own name wins. All faults are named at
//! once, each with the setting and what to do.

mod archive;
mod consume;
mod database;
mod ingest;
mod kafka;
mod read;
mod secret;
mod table;

pub use archive::{Archive, Batching};
pub use consume::{Consume, Events, topics};
pub use database::{Database, DatabaseAuth};
pub use ingest::{Ingest, IngestAuth, IngestLimits};
pub use kafka::{Kafka, SaslMechanism, SecurityProtocol};
pub use read::{Fault, Faults};
pub use secret::{SecretRef, SecretStore, Template, templates};
pub use table::{SETTINGS, Setting, table_markdown};

use read::Reader;

/// How a function tells its metrics.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MetricsFormat {
    /// As text for Prometheus to fetch.
    #[default]
    Prometheus,
    /// As lines in CloudWatch's embedded metric format, written at the end of an invocation.
    Emf,
    /// Not at all.
    Off,
}

/// Which records of a CI log become documents; the object keeps every line anyway.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Records {
    /// All of them.
    #[default]
    All,
    /// Those of logs that failed.
    Failed,
    /// Errors, explanations, the borders of steps, and 50 lines around each.
    Context,
    /// None.
    None,
}

impl Records {
    /// All of them, with the names by which settings give them.
    pub const NAMES: [(&str, Self); 4] = [
        (Self::All.name(), Self::All),
        (Self::Failed.name(), Self::Failed),
        (Self::Context.name(), Self::Context),
        (Self::None.name(), Self::None),
    ];

    /// The name by which settings give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Failed => "failed",
            Self::Context => "context",
            Self::None => "none",
        }
    }
}

/// Whether requests to OpenSearch are signed, and for which of AWS' services.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sigv4 {
    /// Not at all.
    #[default]
    Off,
    /// Amazon OpenSearch Service.
    Es,
    /// Its Serverless kind.
    Aoss,
}

/// How OpenSearch is reached.
#[derive(Clone, Eq, PartialEq)]
pub struct OpenSearch {
    /// The address of OpenSearch, without a trailing `/`; it may hold a user and a password.
    pub url: String,
    /// Whether requests are signed.
    pub sigv4: Sigv4,
    /// A file with the certificate authority to trust, as PEM.
    pub ca_file: Option<String>,
    /// Whether bodies are compressed; none: unless it is on this machine.
    pub compress: Option<bool>,
}

impl OpenSearch {
    /// Reads and checks the settings of OpenSearch.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let search = Self::from_reader(&mut reader);
        reader.finish(search)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        let sigv4 = [("off", Sigv4::Off), ("es", Sigv4::Es), ("aoss", Sigv4::Aoss)];
        let compress = [("auto", None), ("on", Some(true)), ("off", Some(false))];
        Self {
            url: reader.url("OPENSEARCH_URL"),
            sigv4: reader.one_of("OPENSEARCH_SIGV4", &sigv4),
            ca_file: reader.text("OPENSEARCH_CA_FILE"),
            compress: reader.one_of("OPENSEARCH_COMPRESSION", &compress),
        }
    }
}

impl std::fmt::Debug for OpenSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSearch")
            .field("url", &"…")
            .field("sigv4", &self.sigv4)
            .field("ca_file", &self.ca_file)
            .field("compress", &self.compress)
            .finish()
    }
}

/// Addresses that take the place of AWS' own. The SDKs read them by themselves; here they are
/// checked, and whoever shows the configuration has them. Of the aliases the SDKs know nothing, so
/// `main` hands `s3` on where it is set (`logmill_objects::Objects::connect_to`).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_S3`
    pub s3: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`
    pub sqs: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`
    pub secrets_manager: Option<String>,
    /// `AWS_ENDPOINT_URL_SSM`
    pub ssm: Option<String>,
}

impl Endpoints {
    /// Reads and checks the addresses.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let endpoints = Self::from_reader(&mut reader);
        reader.finish(endpoints)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        Self {
            s3: reader.optional_url("AWS_ENDPOINT_URL_S3"),
            dynamodb: reader.optional_url("AWS_ENDPOINT_URL_DYNAMODB"),
            sqs: reader.optional_url("AWS_ENDPOINT_URL_SQS"),
            secrets_manager: reader.optional_url("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            ssm: reader.optional_url("AWS_ENDPOINT_URL_SSM"),
        }
    }
}

/// Where things are kept: what every function that touches data needs.
#[derive(Clone, Eq, PartialEq)]
pub struct Stores {
    /// Addresses that take the place of AWS' own.
    pub endpoints: Endpoints,
    /// How OpenSearch is reached.
    pub opensearch: OpenSearch,
    /// The alias that searches read.
    pub read_alias: String,
    /// The bucket of the CI logs.
    pub bucket: String,
    /// The bucket of the dead letters.
    pub dead_letter_bucket: String,
    /// What the names of the metadata tables begin with; may be `""`.
    pub table_prefix: String,
    /// The database that takes the place of DynamoDB for the metadata.
    pub database: Option<Database>,
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stores")
            .field("endpoints", &self.endpoints)
            .field("opensearch", &self.opensearch)
            .field("read_alias", &self.read_alias)
            .field("bucket", &self.bucket)
            .field("dead_letter_bucket", &self.dead_letter_bucket)
            .field("table_prefix", &self.table_prefix)
            .field("database", &self.database)
            .finish()
    }
}

/// What a process tells about itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Telemetry {
    /// The filter of the log, as `tracing_subscriber::EnvFilter` reads it; checked.
    pub log: String,
    /// How metrics are told.
    pub metrics: MetricsFormat,
    /// The port on which Prometheus finds them; none: they are not served.
    pub metrics_port: Option<u16>,
}

/// All that the function `parse` reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parse {
    /// Where things are kept.
    pub stores: Stores,
    /// What the process tells about itself.
    pub telemetry: Telemetry,
    /// The address of parse's own queue.
    pub queue_url: String,
    /// Names of the masking rules that are switched off, as `logmill_model::mask::Rule` spells
    /// them; `main` turns them into a policy, which names unknown ones.
    pub mask_except: Vec<String>,
    /// The most bytes of one bulk request.
    pub bulk_bytes: usize,
    /// How often an object is tried before it becomes a dead letter.
    pub max_attempts: u32,
    /// How often work on an object is continued before it becomes a dead letter.
    pub max_continuations: u32,
    /// Which records become documents.
    pub records: Records,
}

impl Stores {
    /// Reads and checks the settings of the stores.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let stores = Self::from_reader(&mut reader);
        reader.finish(stores)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        Self {
            endpoints: Endpoints::from_reader(reader),
            opensearch: OpenSearch::from_reader(reader),
            read_alias: reader.index_name("OPENSEARCH_READ_ALIAS"),
            bucket: reader.bucket("LOGMILL_BUCKET"),
            dead_letter_bucket: reader.other_bucket("LOGMILL_DEAD_LETTER_BUCKET", "LOGMILL_BUCKET"),
            table_prefix: reader.table_prefix("LOGMILL_TABLE_PREFIX"),
            database: Database::from_reader(reader),
        }
    }
}

impl Telemetry {
    /// Reads and checks the settings of telemetry.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let telemetry = Self::from_reader(&mut reader);
        reader.finish(telemetry)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        Self {
            log: reader.log_filter("LOGMILL_LOG"),
            metrics: reader.one_of(
                "LOGMILL_METRICS",
                &[
                    ("prometheus", MetricsFormat::Prometheus),
                    ("emf", MetricsFormat::Emf),
                    ("off", MetricsFormat::Off),
                ],
            ),
            metrics_port: reader.optional_number("METRICS_PORT", 1, u16::MAX),
        }
    }
}

impl Parse {
    /// Reads and checks all that the function `parse` needs.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let parse = Self::from_reader(&mut reader);
        reader.finish(parse)
    }

    /// Checks all but the settings that refer to secrets ([`templates`]), which are not known yet.
    ///
    /// # Errors
    /// All faults at once.
    pub fn check(get: impl Fn(&str) -> Option<String>) -> Result<(), Faults> {
        let mut reader = Reader::before_secrets(&get);
        Self::from_reader(&mut reader);
        reader.finish(())
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        Self {
            stores: Stores::from_reader(reader),
            telemetry: Telemetry::from_reader(reader),
            queue_url: reader.url("LOGMILL_PARSE_QUEUE_URL"),
            mask_except: reader.list("LOGMILL_MASK_EXCEPT"),
            bulk_bytes: reader.number("LOGMILL_BULK_BYTES", 64 * 1024, 90 * 1024 * 1024),
            max_attempts: reader.number("LOGMILL_MAX_ATTEMPTS", 1, 100),
            max_continuations: reader.number("LOGMILL_MAX_CONTINUATIONS", 1, 1_000_000),
            records: reader.one_of("LOGMILL_RECORDS", &Records::NAMES),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn given(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        let map: BTreeMap<String, String> =
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        move |name| map.get(name).cloned()
    }

    const LEAST: [(&str, &str); 2] = [
        ("OPENSEARCH_URL", "http://127.0.0.1:9200/"),
        ("LOGMILL_PARSE_QUEUE_URL", "http://127.0.0.1:9324/000000000000/logmill-parse"),
    ];

    #[test]
    fn two_settings_are_enough_to_start() {
        let parse = Parse::read(given(&LEAST)).unwrap();
        assert_eq!(parse.stores.opensearch.url, "http://127.0.0.1:9200");
        assert_eq!(parse.stores.bucket, "deployment-logs");
        assert_eq!(parse.stores.dead_letter_bucket, "logmill-dead-letters");
        assert_eq!(parse.stores.read_alias, "logmill-logs");
        assert_eq!((parse.max_attempts, parse.bulk_bytes), (5, 5 * 1024 * 1024));
        assert_eq!((parse.max_continuations, parse.records), (1000, Records::All));
        assert_eq!(parse.telemetry.metrics, MetricsFormat::Prometheus);
        assert_eq!(parse.telemetry.metrics_port, None);
        assert!(parse.mask_except.is_empty());
        assert_eq!(parse.stores.database, None);
    }

    #[test]
    fn settings_that_refer_to_secrets_wait_for_them_and_hide_no_other_fault() {
        let mut settings = LEAST.to_vec();
        settings[0].1 = "{secretsmanager:logmill/search}";
        settings.push(("DATABASE_URL", "postgres://{ssm:/db#user}@db.example/logmill"));
        assert_eq!(Parse::check(given(&settings)), Ok(()));
        let names = templates("parse", given(&settings)).unwrap();
        let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["OPENSEARCH_URL", "DATABASE_URL"]);
        let text = Parse::read(given(&settings)).unwrap_err().to_string();
        assert!(text.contains("OPENSEARCH_URL: refers to a secret"), "{text}");
        settings.push(("LOGMILL_BUCKET", "{ssm:/bucket}"));
        settings.push(("METRICS_PORT", "0"));
        settings[0].1 = "{ssm:}";
        let text = Parse::check(given(&settings)).unwrap_err().to_string();
        for line in [
            "OPENSEARCH_URL: has a reference without a name",
            "LOGMILL_BUCKET: `{ssm:/bucket}` refers to a secret, and is none",
            "METRICS_PORT: `0` is out of range",
        ] {
            assert!(text.contains(line), "{line}\n---\n{text}");
        }
    }

    #[test]
    fn a_database_takes_the_place_of_dynamodb() {
        let mut settings = LEAST.to_vec();
        settings.push(("DATABASE_URL", "postgres://me@db.example/metadata"));
        let database = Parse::read(given(&settings)).unwrap().stores.database.unwrap();
        assert_eq!((database.auth, database.connections), (DatabaseAuth::Password, 4));
        settings.push(("LOGMILL_DATABASE_AUTH", "iam"));
        let database = Parse::read(given(&settings)).unwrap().stores.database.unwrap();
        assert_eq!(database.auth, DatabaseAuth::Iam);
    }

    #[test]
    fn names_from_the_former_system_are_taken_and_our_own_win() {
        let stores = Stores::read(given(&[
            ("ES_HOSTS", "https://search.example:443"),
            ("S3_BUCKET", "ci-logs"),
            ("ES_INDEX_ALIAS", "ci"),
            ("LOGMILL_BUCKET", "ours"),
            ("S3_ENDPOINT", "http://127.0.0.1:9000"),
        ]))
        .unwrap();
        assert_eq!(stores.opensearch.url, "https://search.example:443");
        assert_eq!((stores.bucket.as_str(), stores.read_alias.as_str()), ("ours", "ci"));
    }

    #[test]
    fn every_fault_is_named_at_once_with_its_setting_and_what_to_do() {
        let faults = Parse::read(given(&[
            ("ES_HOSTS", "http://me:hunter2@a:9200,http://b:9200"),
            ("S3_BUCKET", "Deployment_Logs"),
            ("LOGMILL_MAX_ATTEMPTS", "0"),
            ("LOGMILL_BULK_BYTES", "5MB"),
            ("LOGMILL_METRICS", "statsd"),
            ("METRICS_PORT", "70000"),
            ("LOGMILL_LOG", "logmill=loud"),
            ("AWS_ENDPOINT_URL_S3", "127.0.0.1:9000"),
            ("LOGMILL_TABLE_PREFIX", "team a"),
            ("ES_INDEX_ALIAS", "Logs"),
            ("DATABASE_URL", "mysql://me:hunter2@db/x"),
            ("LOGMILL_DATABASE_AUTH", "kerberos"),
        ]))
        .unwrap_err();
        let text = faults.to_string();
        assert!(text.starts_with("13 settings are wrong"), "{text}");
        for line in [
            "ES_HOSTS (OPENSEARCH_URL): is a list",
            "S3_BUCKET (LOGMILL_BUCKET): `Deployment_Logs` is no bucket name",
            "LOGMILL_MAX_ATTEMPTS: `0` is out of range: give a whole number from 1 to 100",
            "LOGMILL_BULK_BYTES: `5MB` is no whole number",
            "LOGMILL_METRICS: `statsd` is unknown: give one of prometheus, emf, off",
            "METRICS_PORT: `70000` is out of range",
            "LOGMILL_LOG: `logmill=loud` is no filter",
            "AWS_ENDPOINT_URL_S3: `127.0.0.1:9000` is no address",
            "LOGMILL_TABLE_PREFIX: `team a`",
            "ES_INDEX_ALIAS (OPENSEARCH_READ_ALIAS): `Logs`",
            "LOGMILL_PARSE_QUEUE_URL: is not set",
            "DATABASE_URL: is no address of Postgres: give postgres://",
            "LOGMILL_DATABASE_AUTH: `kerberos` is unknown: give one of password, iam",
        ] {
            assert!(text.contains(line), "{line}\n---\n{text}");
        }
        assert!(!text.contains("hunter2"), "a secret's value is not shown");
        assert_eq!(faults.iter().count(), 13);
    }

    #[test]
    fn dead_letters_do_not_trigger_the_parser() {
        let mut settings = LEAST.to_vec();
        settings.push(("LOGMILL_DEAD_LETTER_BUCKET", "deployment-logs"));
        let text = Parse::read(given(&settings)).unwrap_err().to_string();
        assert!(text.contains("LOGMILL_DEAD_LETTER_BUCKET") && text.contains("another"), "{text}");
    }

    #[test]
    fn an_empty_setting_is_an_unset_one() {
        let mut settings = LEAST.to_vec();
        settings.extend([("S3_BUCKET", ""), ("METRICS_PORT", " ")]);
        settings.push(("LOGMILL_MASK_EXCEPT", " email, ,jwt,"));
        let parse = Parse::read(given(&settings)).unwrap();
        assert_eq!(parse.stores.bucket, "deployment-logs");
        assert_eq!(parse.telemetry.metrics_port, None);
        assert_eq!(parse.mask_except, ["email", "jwt"]);
    }

    #[test]
    fn a_password_in_an_address_is_not_printed() {
        let mut settings = LEAST.to_vec();
        settings[0].1 = "https://logmill:hunter2@search.example";
        settings.push(("DATABASE_URL", "postgres://logmill:hunter2@db.example/metadata"));
        let parse = Parse::read(given(&settings)).unwrap();
        assert!(!format!("{parse:?}").contains("hunter2"));
    }
}
