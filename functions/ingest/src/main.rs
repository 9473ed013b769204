//! The Lambda entry of `ingest`.

#![recursion_limit = "256"]

use std::process::ExitCode;

use logmill_ingest::Ingest;
use logmill_metadata_any::AnyStore;

#[tokio::main]
async fn main() -> ExitCode {
    logmill_lambda::run::<Ingest<AnyStore>>().await
}
