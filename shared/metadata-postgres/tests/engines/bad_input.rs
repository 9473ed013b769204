//! What an operator gets wrong, and what the message says.

use std::time::{Duration, Instant};

use logmill_metadata::{Error, ErrorKind, Store as _};
use logmill_metadata_postgres::{Connect, Postgres};
use logmill_runtime::retry::Retryable as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::{address, address_at, database, execute, made, prefix, server, store};

/// What a first read says.
async fn told(url: &str) -> Error {
    let error = store(url, "").load("key", None).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("wrong-password"), "{error:?}");
    error
}

fn says(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "no {word:?} in: {error}");
    }
}

#[tokio::test]
async fn an_address_of_something_else_is_refused_before_anything_is_sent() {
    for url in ["mysql://me@db/x", "db.example:5432", "postgres://me@[db/x"] {
        let error =
            Postgres::connect(&Connect { url, prefix: "", connections: 1, iam: None }).unwrap_err();
        says(&error, ErrorKind::Invalid, &["DATABASE_URL", "postgres://USER"]);
    }
}

#[tokio::test]
async fn a_prefix_that_names_would_be_cut_for_is_refused() {
    let url = &server();
    for prefix in ["a".repeat(29), "a\"b".to_owned()] {
        let connect = Connect { url, prefix: &prefix, connections: 1, iam: None };
        let error = Postgres::connect(&connect).unwrap_err();
        says(&error, ErrorKind::Invalid, &["LOGMILL_TABLE_PREFIX", "28"]);
    }
}

#[tokio::test]
async fn a_wrong_password_says_so_and_is_not_tried_again() {
    let url = server();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (login, place) = rest.split_once('@').unwrap();
    let (user, _) = login.split_once(':').unwrap();
    let error = told(&format!("{scheme}://{user}:wrong-password@{place}")).await;
    says(&error, ErrorKind::Denied, &["password is wrong", "DATABASE_URL", user]);
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_server_that_is_down_is_worth_another_try_and_named() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let began = Instant::now();
    let error = told(&address_at(port, "postgres")).await;
    says(&error, ErrorKind::Unavailable, &["can't be reached", &format!("127.0.0.1:{port}")]);
    assert!(error.is_retryable());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_host_that_is_none_is_named() {
    let error = told("postgres://me:wrong-password@no-such-host.invalid/metadata").await;
    says(&error, ErrorKind::Unavailable, &["no-such-host.invalid", "DATABASE_URL"]);
}

#[tokio::test]
async fn a_server_that_hangs_ends_the_call_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = address_at(listener.local_addr().unwrap().port(), "postgres");
    let began = Instant::now();
    let error = told(&url).await;
    says(&error, ErrorKind::Unavailable, &["127.0.0.1"]);
    assert!(error.is_retryable());
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_answers_and_is_no_postgres_ends_the_call_and_names_the_place() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = address_at(listener.local_addr().unwrap().port(), "postgres");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = told(&format!("{url}?sslmode=disable")).await;
    says(&error, ErrorKind::Unavailable, &["check host and port", "127.0.0.1"]);
}

#[tokio::test]
async fn a_missing_database_says_how_to_make_it() {
    let error = told(&address("no_such_database")).await;
    says(
        &error,
        ErrorKind::NotMigrated,
        &["CREATE DATABASE", "no_such_database", "logmill migrate"],
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused_before_a_table_is_made() {
    let name = format!("{}_latin", database().await);
    let create =
        format!("CREATE DATABASE \"{name}\" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    execute("postgres", &create).await;
    let store = store(&address(&name), "");
    for error in [store.plan().await.unwrap_err(), store.migrate().await.unwrap_err()] {
        says(&error, ErrorKind::WrongShape, &["LATIN1", "ENCODING 'UTF8'", &name]);
    }
    says(&store.load("key", None).await.unwrap_err(), ErrorKind::NotMigrated, &["logmill migrate"]);
    store.close().await;
    execute("postgres", &format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await;
}

#[tokio::test]
async fn without_tables_the_message_says_which_command_makes_them() {
    let store = store(&address(database().await), &prefix());
    let error = store.load("key", None).await.unwrap_err();
    says(&error, ErrorKind::NotMigrated, &["logmill migrate", database().await]);
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_user_without_rights_is_told_which_are_missing() {
    let (_store, prefix) = made().await;
    let database = database().await;
    let user = format!("{database}_reader");
    execute(database, &format!("CREATE ROLE \"{user}\" LOGIN PASSWORD 'secret'")).await;
    let address = address(database);
    let (_, place) = address.split_once('@').unwrap();
    let store = store(&format!("postgres://{user}:secret@{place}"), &prefix);
    let error = store.load("key", None).await.unwrap_err();
    says(&error, ErrorKind::Denied, &["GRANT SELECT", &user]);
    store.close().await;
    execute(database, &format!("DROP ROLE \"{user}\"")).await;
}

#[tokio::test]
async fn tls_that_is_asked_for_and_can_t_be_had_is_no_plain_connection() {
    let error = told(&format!("{}?sslmode=verify-full", address("postgres"))).await;
    says(&error, ErrorKind::Denied, &["TLS", "sslrootcert", "sslmode=disable"]);
}

#[tokio::test]
async fn a_root_certificate_that_is_not_there_is_named_as_a_file() {
    let url = format!("{}?sslmode=verify-full&sslrootcert=/no/such/ca.pem", address("postgres"));
    let error = told(&url).await;
    assert!(!error.is_retryable(), "{error}");
    assert!(error.to_string().contains("sslrootcert"), "{error}");
}
