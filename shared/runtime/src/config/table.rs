//! The table of settings.

use std::fmt::Write as _;

/// One setting: a line of README's table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setting {
    /// Its name, that of an environment variable.
    pub name: &'static str,
    /// Other names under which it is accepted.
    pub aliases: &'static [&'static str],
    /// Its value where it is not set; none: it must be set, or nothing follows from its absence, as
    /// `required` says.
    pub default: Option<&'static str>,
    /// Whether the functions that read it refuse to start without it.
    pub required: bool,
    /// The functions that read it; `logmill` is the command line with its local cloud.
    pub functions: &'static [&'static str],
    /// What it does, in one sentence without a full stop.
    pub meaning: &'static str,
    /// Whether its value may hold a secret and is never shown.
    pub secret: bool,
}

const ALL: &[&str] = &["parse", "logmill"];
/// Those that keep metadata.
const KEEPERS: &[&str] = &["parse", "archive", "ingest", "logmill"];
/// Those that write to Kafka.
const PRODUCERS: &[&str] = &["ingest", "logmill"];
/// Those that write documents.
const WRITERS: &[&str] = &["parse", "consume", "logmill"];
/// Those that index service logs.
const CONSUMERS: &[&str] = &["consume", "logmill"];
/// Those of what every function reads.
const EVERY: &[&str] = &["parse", "archive", "consume", "ingest", "logmill"];

/// A setting with a default.
const fn with(name: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting { default: Some(default), ..optional(name, meaning) }
}

/// A setting without which something is left out.
const fn optional(name: &'static str, meaning: &'static str) -> Setting {
    Setting {
        name,
        aliases: &[],
        default: None,
        required: false,
        functions: ALL,
        meaning,
        secret: false,
    }
}

impl Setting {
    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn of(self, functions: &'static [&'static str]) -> Self {
        Self { functions, ..self }
    }
}

/// Every setting there is, in the order of README's table.
pub const SETTINGS: &[Setting] = &[
    optional(
        "OPENSEARCH_URL",
        "The address of OpenSearch, with user and password if it wants them",
    )
    .or(&["ES_HOSTS"])
    .needed()
    .secret()
    .of(WRITERS),
    with(
        "OPENSEARCH_SIGV4",
        "off",
        "Whether requests to OpenSearch are signed by AWS' credentials: `off`, `es` (Amazon OpenSearch \
         Service) or `aoss` (Serverless)",
    )
    .of(WRITERS),
    optional(
        "OPENSEARCH_CA_FILE",
        "A file with the certificate authority of OpenSearch, as PEM, where the system trusts none",
    )
    .of(WRITERS),
    with(
        "OPENSEARCH_COMPRESSION",
        "auto",
        "Whether bodies sent to OpenSearch are compressed: `on`, `off` or `auto` (unless it is on \
         this machine)",
    )
    .of(WRITERS),
    with("OPENSEARCH_READ_ALIAS", "logmill-logs", "The alias that searches read")
        .or(&["ES_INDEX_ALIAS"]),
    with("LOGMILL_BUCKET", "deployment-logs", "The bucket of the CI logs").or(&["S3_BUCKET"]),
    with(
        "LOGMILL_DEAD_LETTER_BUCKET",
        "logmill-dead-letters",
        "The bucket of what no retry will mend",
    )
    .of(EVERY),
    optional(
        "LOGMILL_PARSE_QUEUE_URL",
        "The address of parse's own queue, where it sends what it has to continue",
    )
    .needed()
    .of(&["parse"]),
    with("LOGMILL_TABLE_PREFIX", "", "What the names of the metadata tables begin with")
        .of(KEEPERS),
    optional(
        "DATABASE_URL",
        "The address of a Postgres that holds the metadata in place of DynamoDB: \
         `postgres://user:password@host/database`, with `?sslmode=verify-full&sslrootcert=ca.pem` \
         for TLS",
    )
    .secret()
    .of(KEEPERS),
    with(
        "LOGMILL_DATABASE_AUTH",
        "password",
        "How to get into that Postgres: `password`, or `iam` (tokens, as RDS takes them)",
    )
    .of(KEEPERS),
    with(
        "LOGMILL_DATABASE_CONNECTIONS",
        "4",
        "The most connections of one process to that Postgres",
    )
    .of(KEEPERS),
    with("LOGMILL_MASK_EXCEPT", "", "Masking rules to switch off, by name, separated by commas")
        .of(&["parse", "consume"]),
    with("LOGMILL_BULK_BYTES", "5242880", "The most bytes of one bulk request")
        .of(&["parse", "consume"]),
    with("LOGMILL_MAX_ATTEMPTS", "5", "How often an object is tried before it is a dead letter")
        .of(&["parse"]),
    with(
        "LOGMILL_MAX_CONTINUATIONS",
        "1000",
        "How often work on an object is continued by a new invocation before it is a dead letter",
    )
    .of(&["parse"]),
    with(
        "LOGMILL_RECORDS",
        "all",
        "Which records of a log are indexed: `all`, `failed` (of logs that failed), `context` (50 \
         lines around errors, explanations and the borders of steps) or `none`",
    )
    .of(&["parse"]),
    with(
        "LOGMILL_ARCHIVE_BATCH",
        "100",
        "The most records of an object of the archive; on AWS the mappings say so",
    )
    .or(&["BATCH_SIZE"])
    .of(&["logmill"]),
    with(
        "LOGMILL_ARCHIVE_SECONDS",
        "60",
        "How long an object of the archive waits for more records; on AWS the mappings say so",
    )
    .or(&["BATCH_TIMEOUT_SECONDS"])
    .of(&["logmill"]),
    with("LOGMILL_ARCHIVE_BUCKET", "logs-archive", "The bucket of the service logs' archive")
        .of(&["archive", "logmill"]),
    with(
        "LOGMILL_TOPICS",
        "app-logs,logs.raw",
        "The topics of the service logs, separated by commas; on AWS the mappings name them",
    )
    .or(&["KAFKA_INPUT_TOPIC"])
    .of(&["logmill"]),
    with(
        "LOGMILL_RAW_TOPICS",
        "logs.raw",
        "Topics, separated by commas, where a message that is no event is a line of text and no dead \
         letter",
    )
    .of(CONSUMERS),
    with(
        "LOGMILL_PATTERNS",
        "bundled",
        "Patterns that name the fields of messages, separated by commas, tried in this order: `bundled`, \
         the name of a bundled one, a document at a path or at `s3://bucket/key`, or `none`",
    )
    .of(CONSUMERS),
    optional(
        "LOGMILL_GEOIP",
        "MaxMind databases that say where addresses are and whose (City, ASN), separated by commas: a \
         path, or `s3://bucket/key`",
    )
    .or(&["GEOIP_DB_PATH"])
    .of(CONSUMERS),
    with("LOGMILL_ENV", "prod", "The environment of events that do not say theirs").of(CONSUMERS),
    with(
        "LOGMILL_PROMOTED",
        "",
        "Up to 200 fields with types, separated by commas: `num.payload.duration_ms` is the number at \
         that path, `key.labels.team` the word",
    )
    .of(CONSUMERS),
    with(
        "LOGMILL_PARTIAL_BATCHES",
        "off",
        "Whether the Kafka mapping reads which records failed (`on`: it says ReportBatchItemFailures); \
         else the function fails for the whole batch",
    )
    .of(&["archive", "consume"]),
    optional(
        "KAFKA_BOOTSTRAP_SERVERS",
        "Some of Kafka's brokers: `host:port`, several with commas between",
    )
    .or(&["KAFKA_BROKERS"])
    .needed()
    .of(PRODUCERS),
    with(
        "KAFKA_SECURITY_PROTOCOL",
        "PLAINTEXT",
        "How Kafka is reached: `PLAINTEXT`, `SSL` (TLS), `SASL_PLAINTEXT` or `SASL_SSL` (with a name)",
    )
    .of(PRODUCERS),
    with(
        "KAFKA_SASL_MECHANISM",
        "PLAIN",
        "How we say who we are: `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `AWS_MSK_IAM` (by AWS' \
         credentials)",
    )
    .of(PRODUCERS),
    optional("KAFKA_SASL_USERNAME", "The user as whom Kafka knows us").of(PRODUCERS),
    optional("KAFKA_SASL_PASSWORD", "The password of that user").secret().of(PRODUCERS),
    optional(
        "KAFKA_CA_FILE",
        "A file with the certificate authority of Kafka, as PEM, where the system trusts none",
    )
    .of(PRODUCERS),
    with("LOGMILL_INGEST_TOPIC", "app-logs", "The topic that events of services go to")
        .of(PRODUCERS),
    with(
        "LOGMILL_INGEST_AUTH",
        "auto",
        "Who may send events: `token` (who has one), `open` (everyone) or `auto` (everyone on this \
         machine with `logmill up`, else who has a token)",
    )
    .of(PRODUCERS),
    with(
        "LOGMILL_INGEST_BODY_BYTES",
        "10485760",
        "The most bytes of one request with events, unpacked",
    )
    .of(PRODUCERS),
    optional(
        "LOGMILL_INGEST_EVENTS",
        "The most events a second of one token; each instance of the function counts by itself",
    )
    .of(PRODUCERS),
    optional(
        "LOGMILL_INGEST_BYTES",
        "The most bytes a second of one token; each instance of the function counts by itself",
    )
    .of(PRODUCERS),
    with("LOGMILL_LOG", "info", "What is logged: a level, or a list such as `info,logmill=debug`")
        .of(EVERY),
    with(
        "LOGMILL_METRICS",
        "prometheus",
        "How metrics are told: `prometheus`, `emf` (CloudWatch) or `off`",
    )
    .of(EVERY),
    optional("METRICS_PORT", "The port on which Prometheus finds the metrics").of(EVERY),
    optional("AWS_ENDPOINT_URL_S3", "The address of another S3 than AWS'")
        .or(&["S3_ENDPOINT"])
        .of(EVERY),
    optional("AWS_ENDPOINT_URL_DYNAMODB", "The address of another DynamoDB than AWS'").of(KEEPERS),
    optional("AWS_ENDPOINT_URL_SQS", "The address of another SQS than AWS'").of(KEEPERS),
    optional(
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "The address of another Secrets Manager than AWS'",
    )
    .of(&["parse", "archive", "consume", "ingest"]),
    optional("AWS_ENDPOINT_URL_SSM", "The address of another Systems Manager than AWS'")
        .of(&["parse", "archive", "consume", "ingest"]),
];

/// README's table: name, default, which functions, meaning.
#[must_use]
pub fn table_markdown() -> String {
    let mut table =
        String::from("| setting | default | read by | meaning |\n| --- | --- | --- | --- |\n");
    for setting in SETTINGS {
        let mut name = format!("`{}`", setting.name);
        for alias in setting.aliases {
            let _ = write!(name, ", also `{alias}`");
        }
        let default = match (setting.required, setting.default) {
            (true, _) => "must be set".to_owned(),
            (false, None) => "none".to_owned(),
            (false, Some("")) => "empty".to_owned(),
            (false, Some(value)) => format!("`{value}`"),
        };
        let functions = setting.functions.join(", ");
        let _ = writeln!(table, "| {name} | {default} | {functions} | {} |", setting.meaning);
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_means_one_setting_and_each_has_its_line() {
        let mut names = BTreeSet::new();
        let table = table_markdown();
        for setting in SETTINGS {
            for name in std::iter::once(&setting.name).chain(setting.aliases) {
                assert!(names.insert(*name), "{name} stands twice");
                assert!(table.contains(&format!("`{name}`")));
            }
            assert!(!(setting.required && setting.default.is_some()), "{}", setting.name);
            assert!(!setting.meaning.ends_with('.') && !setting.meaning.contains('|'));
        }
        assert_eq!(table.lines().count(), SETTINGS.len() + 2);
        let readme = include_str!("../../../../README.md");
        assert!(readme.contains(&table), "README.md lacks this table:\n{table}");
        assert!(table.contains(
            "| `LOGMILL_BUCKET`, also `S3_BUCKET` | `deployment-logs` | parse, logmill |"
        ));
    }
}
