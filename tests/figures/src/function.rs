//! The function `parse` as it is deployed: an executable that is fed by the Lambda Runtime API.

use std::path::PathBuf;
use std::time::Duration;

use logmill_documents::Endpoint;
use logmill_given::engine;
use logmill_local_lambda::Function;
use logmill_metadata::Store as _;
use logmill_metadata_postgres::{Connect, Postgres};
use serde_json::Value;

use crate::cloud;
use crate::cloud::Cloud;

/// The function, with rows of its own in Postgres.
#[derive(Debug)]
pub struct Parse {
    function: Function,
    /// Its rows.
    pub metadata: Postgres,
}

/// What a process has used.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// The most memory that it had, in kB.
    pub peak_kb: u64,
    /// Seconds on a processor.
    pub cpu: f64,
}

fn executable() -> PathBuf {
    let bench = std::env::current_exe().expect("a bench knows its own path");
    let folder = bench.ancestors().nth(2).expect("target/release/deps holds the benches");
    let path = folder.join(format!("parse{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is not there: `cargo build --release --bin parse`", path.display());
    path
}

impl Parse {
    /// Prepares it to find its documents in the search engine at `search`; its tables' names begin
    /// with `prefix`. Its process starts at the first call.
    pub async fn new(cloud: &Cloud, search: &str, prefix: &str) -> Self {
        let database = engine("LOGMILL_ENGINE_POSTGRES");
        let connect = Connect { url: &database, prefix, connections: 2, iam: None };
        let metadata = Postgres::connect(&connect).unwrap();
        metadata.migrate().await.unwrap();
        let variables = [
            ("AWS_ACCESS_KEY_ID", "logmill"),
            ("AWS_SECRET_ACCESS_KEY", "logmill-local"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_S3", &cloud.url),
            ("AWS_ENDPOINT_URL_SQS", &cloud.url),
            ("LOGMILL_PARSE_QUEUE_URL", &cloud.queue),
            ("LOGMILL_BUCKET", &cloud.bucket),
            ("LOGMILL_DEAD_LETTER_BUCKET", &cloud.letters),
            ("OPENSEARCH_URL", search),
            ("DATABASE_URL", &database),
            ("LOGMILL_TABLE_PREFIX", prefix),
            ("LOGMILL_METRICS", "off"),
            ("LOGMILL_LOG", "warn"),
        ];
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let function = Function::executable("parse", executable(), variables.collect());
        Self { function, metadata }
    }

    /// Lets it work on one message for at most so long; whether it answered that the message is done.
    pub async fn invoke(&self, id: &str, body: &str, timeout: Duration) -> bool {
        let answer = self.function.invoke(id, &cloud::event(id, body), timeout).await;
        let answer = answer.unwrap_or_else(|error| panic!("invocation {id}: {error}"));
        answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty)
    }

    /// What its process has used so far; none where the system does not say.
    pub async fn usage(&self) -> Option<Usage> {
        let id = self.function.process_id().await?;
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}")).ok();
        let status = read("status")?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let stat = read("stat")?;
        // Behind the name, which may hold blanks: the 12th and 13th, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        Some(Usage {
            peak_kb: peak.split_whitespace().next()?.parse().ok()?,
            cpu: (ticks(11)? + ticks(12)?) / 100.0,
        })
    }
}

/// The search engine, with the templates of this version.
pub async fn migrated(search: &str) -> logmill_documents::Documents {
    let names = logmill_documents::Names::default();
    let documents = logmill_documents::Documents::connect(&Endpoint::new(search), names).unwrap();
    let deadline = logmill_runtime::retry::Deadline::after(Duration::from_secs(60));
    documents.with_replicas(0).migrate(deadline).await.unwrap();
    logmill_documents::Documents::connect(
        &Endpoint::new(search),
        logmill_documents::Names::default(),
    )
    .unwrap()
}

/// A number in an answer.
pub fn number(answer: &Value) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sums of lines")]
    answer.as_u64().unwrap_or_else(|| answer.as_f64().unwrap_or(f64::NAN) as u64)
}
