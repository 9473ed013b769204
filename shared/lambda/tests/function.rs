//! What operators lose when a function starts, fails or ends badly: a function as a process, fed by
//! the Runtime API.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use logmill_local_lambda::{Function, InvokeError};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// Writes down its process and its log, then becomes the function.
const WRAPPER: &str = "#!/bin/sh\necho $$ > \"$FOLDER/pid\"\nexec \"$SHAKY\" 2>> \"$FOLDER/log\"\n";

/// The function as an executable, with what it leaves.
struct Bench {
    folder: tempfile::TempDir,
    function: Function,
}

impl Bench {
    fn new(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wrapper = folder.path().join("function");
        std::fs::write(&wrapper, WRAPPER).unwrap();
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().display().to_string();
        let shaky = shaky().display().to_string();
        let own = [
            ("FOLDER", path.as_str()),
            ("SHAKY", shaky.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("LOGMILL_PARSE_QUEUE_URL", "http://127.0.0.1:9/q"),
        ];
        let variables = own.iter().chain(settings);
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let function = Function::executable("parse", wrapper, variables.collect());
        Self { folder, function }
    }

    async fn invoke(&self, request: &str, event: Value) -> Result<Value, InvokeError> {
        self.function.invoke(request, &event, PATIENCE).await
    }

    /// The type and the message of an invocation that fails.
    async fn fails(&self, request: &str, event: Value) -> (String, String) {
        match self.invoke(request, event).await {
            Err(InvokeError::Failed { kind, message }) => (kind, message),
            other => panic!("{other:?}"),
        }
    }

    fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Cargo builds a package's examples with its tests.
fn shaky() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let shaky = test.parent().unwrap().parent().unwrap().join("examples/shaky");
    assert!(
        shaky.exists(),
        "{} is not built: `cargo test` without --test builds it",
        shaky.display()
    );
    shaky
}

const SEARCH: (&str, &str) = ("OPENSEARCH_URL", "http://127.0.0.1:9200");

#[tokio::test]
async fn an_operator_learns_every_fault_of_a_start_at_once() {
    let bench = Bench::new(&[("METRICS_PORT", "0"), ("LOGMILL_BUCKET", "No Bucket")]);
    let (kind, message) = bench.fails("r-1", json!(1)).await;
    assert_eq!(kind, "Configuration");
    for fault in ["3 settings are wrong", "OPENSEARCH_URL: is not set", "METRICS_PORT", "No Bucket"]
    {
        assert!(message.contains(fault), "{message}");
    }
    let log = bench.log();
    assert_eq!((&log[0]["level"], &log[0]["error_type"]), (&json!("ERROR"), &json!(kind)));
    assert_eq!(log[0]["error"], json!(message));
}

#[tokio::test]
async fn an_alarm_tells_a_missing_right_from_a_panic_and_neither_ends_the_function() {
    let bench = Bench::new(&[SEARCH]);
    let denied = bench.fails("r-1", json!("denied")).await;
    assert_eq!(denied, ("AccessDenied".to_owned(), "grant s3:GetObject on it".to_owned()));
    let pid = std::fs::read(bench.folder.path().join("pid")).unwrap();
    let (kind, message) = bench.fails("r-2", json!("panic")).await;
    assert_eq!(kind, "Panic");
    assert!(message.contains("out of cheese"), "{message}");
    let answer = bench.invoke("r-3", json!(1)).await.unwrap();
    assert_eq!(answer["search"], SEARCH.1);
    assert_eq!(std::fs::read(bench.folder.path().join("pid")).unwrap(), pid, "the same process");

    let log = bench.log();
    let panic = log.iter().find(|line| line["message"] == "panicked").unwrap();
    assert!(panic["location"].as_str().unwrap().contains("shaky.rs"), "{panic}");
    for line in &log {
        let request = &line["spans"][0]["requestId"];
        assert!(request.as_str().is_some_and(|id| id.starts_with("r-")), "{line}");
    }
    assert_eq!(panic["spans"][0]["requestId"], "r-2");
}

#[tokio::test]
async fn a_secret_is_read_with_the_first_event_and_kept() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = post(async move |headers: HeaderMap, body: String| {
        count.fetch_add(1, Ordering::Relaxed);
        assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
        if body.contains("logmill/search") {
            (StatusCode::OK, r#"{"SecretString":"{\"password\":\"p@ss\"}"}"#)
        } else {
            (StatusCode::BAD_REQUEST, r#"{"__type":"ResourceNotFoundException","Message":"none"}"#)
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", answer)).await });
    let endpoint = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", address.as_str());

    let search = "https://me:{secretsmanager:logmill/search#password}@search.example";
    let bench = Bench::new(&[("OPENSEARCH_URL", search), endpoint]);
    for request in ["r-1", "r-2"] {
        let answer = bench.invoke(request, json!(1)).await.unwrap();
        assert_eq!(answer["search"], "https://me:p%40ss@search.example");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    let bench = Bench::new(&[("ES_HOSTS", "{secretsmanager:logmill/none}"), endpoint]);
    let (kind, message) = bench.fails("r-1", json!(1)).await;
    assert_eq!(kind, "Secret");
    assert!(message.contains("logmill/none") && message.contains("create it"), "{message}");
}

#[tokio::test]
async fn a_function_that_is_told_to_end_does_so_by_itself() {
    let bench = Bench::new(&[SEARCH]);
    bench.invoke("r-1", json!(1)).await.unwrap();
    let pid = std::fs::read_to_string(bench.folder.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let since = Instant::now();
    while !bench.log().iter().any(|line| line["message"] == "ended by SIGTERM") {
        assert!(since.elapsed() < PATIENCE, "it does not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Its last line comes before its end, which whoever started it looks for with the next event:
    // its first thread is dead, and no other is left.
    let process = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
    let ended = || {
        let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        let threads = std::fs::read_dir(process.join("task")).map_or(0, Iterator::count);
        stat.contains(") Z ") && threads == 1
    };
    while !ended() {
        assert!(since.elapsed() < PATIENCE, "it says that it ends, and stays");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bench.invoke("r-2", json!(1)).await.expect("it is started again");
}
