//! The suite on a real Postgres, and what goes wrong with one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test, which fails by panicking")]

mod bad_input;
mod lost;
mod proxy;
mod rows;
mod schema;
mod tls;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use logmill_metadata::Store as _;
use logmill_metadata_postgres::{Connect, Postgres};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::OnceCell;

/// The server, as `cargo engines test` names it.
fn server() -> String {
    logmill_given::engine("LOGMILL_ENGINE_POSTGRES")
}

/// The server's address with another database, user and password, or with a parameter.
fn address(database: &str) -> String {
    let server = server();
    let (before, _) = server.rsplit_once('/').unwrap();
    format!("{before}/{database}")
}

/// The same with another host and port.
fn address_at(port: u16, database: &str) -> String {
    let address = address(database);
    let (user, rest) = address.split_once('@').unwrap();
    let (_, path) = rest.split_once('/').unwrap();
    format!("{user}@127.0.0.1:{port}/{path}")
}

/// A connection of the test's own.
async fn admin(database: &str) -> PgConnection {
    let options: PgConnectOptions = address(database).parse().unwrap();
    options.connect().await.unwrap()
}

async fn execute(database: &str, statements: &str) {
    let mut connection = admin(database).await;
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A database of this process's own; those of earlier runs go.
async fn database() -> &'static str {
    static DATABASE: OnceCell<String> = OnceCell::const_new();
    let made = DATABASE.get_or_init(|| async {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut connection = admin("postgres").await;
        let old: Vec<String> = sqlx::query_scalar(
            "SELECT datname::text FROM pg_database WHERE datname LIKE 'logmill_test_%'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        for name in old {
            let made = name.split('_').nth(2).and_then(|second| second.parse::<u64>().ok());
            if made.is_some_and(|made| made + 3600 < now) {
                let drop = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
                sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
            }
        }
        let name = format!("logmill_test_{now}_{}", std::process::id());
        let create = format!("CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        name
    });
    made.await
}

/// Tables of a test's own.
fn prefix() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("Test-{}.", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn store(url: &str, prefix: &str) -> Postgres {
    Postgres::connect(&Connect { url, prefix, connections: 4, iam: None }).unwrap()
}

/// A store with its tables, and their prefix.
async fn made() -> (Postgres, String) {
    let prefix = prefix();
    let store = store(&address(database().await), &prefix);
    store.migrate().await.unwrap();
    (store, prefix)
}

async fn make() -> Postgres {
    made().await.0
}

logmill_metadata::conformance_tests!(make);
