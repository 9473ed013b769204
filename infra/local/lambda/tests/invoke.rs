//! Functions as processes, played by a script, and functions that are served.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use logmill_local_lambda::{Function, InvokeError};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);

/// A function that does what its event says.
const FUNCTION: &str = r#"#!/usr/bin/env python3
import json, os, sys, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"

def post(path, body):
    request = urllib.request.Request(api + path, json.dumps(body).encode(), method="POST")
    urllib.request.urlopen(request).read()

calls = 0
while True:
    with urllib.request.urlopen(api + "invocation/next") as next:
        event, headers = json.load(next), next.headers
    calls += 1
    request = headers["Lambda-Runtime-Aws-Request-Id"]
    if event == "exit":
        sys.exit(3)
    if event == "hang":
        while True:
            pass
    if event == "fail":
        post(f"invocation/{request}/error", {"errorType": "TryAgain", "errorMessage": "not yet"})
        continue
    left = int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
    post(f"invocation/{request}/response", {
        "event": event, "calls": calls, "request": request, "left": left,
        "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
        "trace": headers["Lambda-Runtime-Trace-Id"],
        "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "setting": os.environ["SETTING"],
    })
"#;

fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("function");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn function(folder: &Path) -> Function {
    let variables = vec![("SETTING".to_owned(), "a value".to_owned())];
    Function::executable("parse", script(folder, FUNCTION), variables)
}

#[tokio::test]
async fn a_built_function_is_fed_as_in_aws() {
    let folder = tempfile::tempdir().unwrap();
    let function = function(folder.path());
    let answer = function.invoke("r-1", &json!({ "a": "ä" }), PATIENCE).await.unwrap();
    assert_eq!(answer["event"], json!({ "a": "ä" }));
    assert_eq!((&answer["request"], &answer["name"]), (&json!("r-1"), &json!("parse")));
    assert_eq!(answer["setting"], "a value");
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:000000000000:function:parse");
    assert!(answer["trace"].as_str().unwrap().starts_with("Root=1-"), "{answer}");
    let left = answer["left"].as_f64().unwrap();
    assert!((1.0..=60.0).contains(&left), "{left}");

    let failed = function.invoke("r-2", &json!("fail"), PATIENCE).await.unwrap_err();
    assert_eq!(
        failed,
        InvokeError::Failed { kind: "TryAgain".to_owned(), message: "not yet".to_owned() }
    );
    // The same process goes on.
    assert_eq!(function.invoke("r-3", &json!(1), PATIENCE).await.unwrap()["calls"], 3);
}

#[tokio::test]
async fn a_function_that_dies_is_started_anew() {
    let folder = tempfile::tempdir().unwrap();
    let function = function(folder.path());
    let died = function.invoke("r-1", &json!("exit"), PATIENCE).await.unwrap_err();
    assert!(matches!(&died, InvokeError::Died(how) if how.contains('3')), "{died}");
    assert_eq!(function.invoke("r-2", &json!(1), PATIENCE).await.unwrap()["calls"], 1);
}

#[tokio::test]
async fn a_function_that_goes_past_its_deadline_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let function = function(folder.path());
    // Started, so that the short time is that of the work.
    function.invoke("r-1", &json!(1), PATIENCE).await.unwrap();
    let (began, limit) = (Instant::now(), Duration::from_millis(300));
    let late = function.invoke("r-2", &json!("hang"), limit).await.unwrap_err();
    assert_eq!(late, InvokeError::TimedOut(limit));
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(function.invoke("r-3", &json!(1), PATIENCE).await.unwrap()["calls"], 1);
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Function::executable("parse", folder.path().join("nothing"), Vec::new());
    let error = missing.invoke("r", &json!({}), PATIENCE).await.unwrap_err().to_string();
    assert!(error.contains("nothing cannot be started"), "{error}");

    let broken = script(folder.path(), "#!/bin/sh\nexit 7\n");
    let broken = Function::executable("parse", broken, Vec::new());
    let error = broken.invoke("r", &json!({}), PATIENCE).await.unwrap_err().to_string();
    assert!(error.contains("ended") && error.contains('7'), "{error}");
}

#[tokio::test]
async fn a_served_function_answers_fails_and_is_missed() {
    const PATH: &str = "/2015-03-31/functions/parse/invocations";
    let serve = async |router: Router| {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Function::at("parse", &url)
    };
    let echo = serve(Router::new().route(PATH, post(async |body: String| body))).await;
    assert_eq!(echo.invoke("r", &json!({ "a": 1 }), PATIENCE).await, Ok(json!({ "a": 1 })));

    let error = r#"{"errorType":"TryAgain","errorMessage":"not yet"}"#;
    let fails = post(async move || (StatusCode::INTERNAL_SERVER_ERROR, error));
    let failing = serve(Router::new().route(PATH, fails)).await;
    let failed = InvokeError::Failed { kind: "TryAgain".to_owned(), message: "not yet".to_owned() };
    assert_eq!(failing.invoke("r", &json!({}), PATIENCE).await, Err(failed));

    let unknown = serve(Router::new()).await.invoke("r", &json!({}), PATIENCE).await;
    assert!(matches!(unknown, Err(InvokeError::Unreachable { .. })), "{unknown:?}");

    let hangs = post(async || std::future::pending::<String>().await);
    let slow = serve(Router::new().route(PATH, hangs)).await;
    let limit = Duration::from_millis(50);
    assert_eq!(slow.invoke("r", &json!({}), limit).await, Err(InvokeError::TimedOut(limit)));

    let nobody =
        Function::at("parse", "http://127.0.0.1:1").invoke("r", &json!({}), PATIENCE).await;
    assert!(matches!(nobody, Err(InvokeError::Unreachable { .. })), "{nobody:?}");
}
