//! `logmill up` with its metadata in a real Postgres, as people start it.

#![expect(clippy::unwrap_used, reason = "a test, which fails by panicking")]

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};

/// What must happen happens within this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server's address with another database.
fn address(database: &str) -> String {
    let server = logmill_given::engine("LOGMILL_ENGINE_POSTGRES");
    format!("{}/{database}", server.rsplit_once('/').unwrap().0)
}

async fn connection(database: &str) -> PgConnection {
    let options: PgConnectOptions = address(database).parse().unwrap();
    options.connect().await.unwrap()
}

async fn execute(statement: &str) {
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(&mut connection("postgres").await).await.unwrap();
}

/// Options for ports that nobody else has.
fn ports() -> Vec<String> {
    let options = [
        "--http-port",
        "--s3-port",
        "--dynamodb-port",
        "--search-port",
        "--sqs-port",
        "--kafka-port",
        "--ingest-port",
    ];
    // All are held until all are known, so that they differ.
    let held = options.map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
    let named = options.iter().zip(&held);
    named.flat_map(|(option, listener)| [(*option).to_owned(), port(listener)]).collect()
}

fn logmill(arguments: &[&str], ports: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logmill"));
    command
        .args(arguments)
        .args(ports)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stdin(Stdio::null());
    for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3", "OPENSEARCH_URL"] {
        command.env_remove(name);
    }
    command
}

/// What a command prints that goes well.
fn says(arguments: &[&str], ports: &[String], url: &str) -> String {
    let output = logmill(arguments, ports).env("DATABASE_URL", url).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stdout}{stderr}");
    stdout.into_owned()
}

/// Killed when nobody wants it any more.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_found_again_whose_metadata_is_in_postgres() {
    let database = format!("logmill_test_up_{}", std::process::id());
    execute(&format!("CREATE DATABASE \"{database}\" ENCODING 'UTF8' TEMPLATE template0")).await;
    let (url, ports) = (address(&database), ports());
    let data = tempfile::tempdir().unwrap();
    let up = ["up", "--data", data.path().to_str().unwrap(), "--metadata", &url];
    let mut running = Up(logmill(&up, &ports).stdout(Stdio::null()).spawn().unwrap());
    let until = Instant::now() + PATIENCE;
    let serves = || {
        logmill(&["builds"], &ports).env("DATABASE_URL", &url).output().unwrap().status.success()
    };
    while !serves() {
        assert!(running.0.try_wait().unwrap().is_none(), "`logmill up` ended");
        assert!(Instant::now() < until, "`logmill up` does not serve");
    }

    let put = says(&["put", "examples/cargo-build-failed.log"], &ports, &url);
    assert!(put.contains("✗ cargo-build-failed"), "{put}");
    assert!(says(&["builds"], &ports, &url).contains("cargo-build-failed"));
    assert!(says(&["show", "cargo-build-failed"], &ports, &url).contains("self.dishes"));
    assert!(says(&["migrate", "--plan"], &ports, &url).contains("nothing to do"));

    let asked = "SELECT status || ' ' || result FROM deployment_metadata";
    let rows: Vec<String> =
        sqlx::query_scalar(asked).fetch_all(&mut connection(&database).await).await.unwrap();
    assert_eq!(rows, ["COMPLETED failed"]);
    drop(running);
    execute(&format!("DROP DATABASE \"{database}\" WITH (FORCE)")).await;
}
