//! What users lose when secrets cannot be read: a stand-in answers as the two services document.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use logmill_runtime::config::{Endpoints, Template};
use logmill_runtime::retry::Deadline;
use logmill_secrets::{Error, ErrorKind, Secrets};
use serde_json::{Value, json};

static BUSY: AtomicUsize = AtomicUsize::new(0);

/// Answers by the name that is asked for.
async fn answer(headers: HeaderMap, body: String) -> (StatusCode, String) {
    let asked: Value = serde_json::from_str(&body).unwrap();
    let target = headers["x-amz-target"].to_str().unwrap();
    let signature = headers["authorization"].to_str().unwrap();
    let refuse = |code: &str| {
        let body = json!({ "__type": format!("com.amazonaws#{code}"), "message": "it says" });
        (StatusCode::BAD_REQUEST, body.to_string())
    };
    let (service, name) = if target == "AmazonSSM.GetParameter" {
        assert_eq!(asked["WithDecryption"], true);
        ("ssm", asked["Name"].as_str().unwrap())
    } else {
        assert_eq!(target, "secretsmanager.GetSecretValue");
        ("secretsmanager", asked["SecretId"].as_str().unwrap())
    };
    let region = if name.starts_with("arn:") { "eu-west-1" } else { "eu-central-1" };
    assert!(signature.contains(&format!("/{region}/{service}/aws4_request")), "{signature}");
    match name {
        "busy" if BUSY.fetch_add(1, Ordering::Relaxed) < 2 => refuse("ThrottlingException"),
        "denied" => refuse("AccessDeniedException"),
        "gone" if service == "ssm" => refuse("ParameterNotFound"),
        "gone" => refuse("ResourceNotFoundException"),
        "bytes" => (StatusCode::OK, json!({ "SecretBinary": "aGVsbG8=" }).to_string()),
        "noise" => (StatusCode::OK, "<html>".to_owned()),
        _ if service == "ssm" => {
            (StatusCode::OK, json!({ "Parameter": { "Value": "of ssm" } }).to_string())
        }
        _ => {
            let secret = json!({ "username": "me", "port": 5432, "tags": [] }).to_string();
            (StatusCode::OK, json!({ "SecretString": secret }).to_string())
        }
    }
}

async fn stand_in() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(
        async move { axum::serve(listener, Router::new().route("/", post(answer))).await },
    );
    address
}

fn secrets(address: &str) -> Secrets {
    let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .build();
    let (secrets_manager, ssm) = (Some(address.to_owned()), Some(address.to_owned()));
    Secrets::new(sdk, Endpoints { secrets_manager, ssm, ..Endpoints::default() }).unwrap()
}

async fn read(secrets: &Secrets, value: &str) -> Result<String, Error> {
    let templates = vec![("DATABASE_URL", Template::parse(value).unwrap().unwrap())];
    let deadline = Deadline::after(Duration::from_secs(30));
    secrets.fill(&templates, deadline).await.map(|values| values["DATABASE_URL"].clone())
}

#[tokio::test]
async fn secrets_of_both_stores_take_the_place_of_their_references() {
    let secrets = secrets(&stand_in().await);
    let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:db";
    let value = format!(
        "postgres://{{secretsmanager:{arn}#username}}:{{ssm:/p}}@db:{{secretsmanager:a#port}}"
    );
    assert_eq!(read(&secrets, &value).await.unwrap(), "postgres://me:of%20ssm@db:5432");
    assert_eq!(read(&secrets, "{secretsmanager:busy#username}").await.unwrap(), "me");
    assert_eq!(BUSY.load(Ordering::Relaxed), 3, "throttled twice");
    read(&secrets, "{secretsmanager:busy}").await.unwrap();
    assert_eq!(BUSY.load(Ordering::Relaxed), 3, "it is kept");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_says_what_to_do_and_never_what_it_holds() {
    let secrets = secrets(&stand_in().await);
    for (value, kind, said) in [
        ("{secretsmanager:denied}", ErrorKind::Denied, "grant secretsmanager:GetSecretValue on it"),
        ("{ssm:denied}", ErrorKind::Denied, "grant ssm:GetParameter on it"),
        ("{secretsmanager:gone}", ErrorKind::Missing, "the secret gone: there is none"),
        ("{ssm:gone}", ErrorKind::Missing, "the parameter gone: there is none"),
        ("{secretsmanager:bytes}", ErrorKind::Shape, "store it as text"),
        ("{secretsmanager:noise}", ErrorKind::Other, "no answer"),
        ("{secretsmanager:db#tags}", ErrorKind::Shape, "no text or number under `tags`"),
        ("{secretsmanager:db#absent}", ErrorKind::Shape, "`absent`"),
        ("{ssm:/p#user}", ErrorKind::Shape, "no JSON object"),
    ] {
        let error = read(&secrets, value).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{value}: {error}");
        let text = error.to_string();
        assert!(text.contains(said) && !text.contains("of ssm"), "{value}: {text}");
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_worth_another_try() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let secrets = secrets(&address);
    let templates = vec![("DATABASE_URL", Template::parse("{ssm:/p}").unwrap().unwrap())];
    let deadline = Deadline::after(Duration::from_millis(300));
    let error = secrets.fill(&templates, deadline).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}
