//! The Lambda entry of `archive`.

#![recursion_limit = "256"]

use std::process::ExitCode;

use logmill_archive::Archive;
use logmill_metadata_any::AnyStore;

#[tokio::main]
async fn main() -> ExitCode {
    logmill_lambda::run::<Archive<AnyStore>>().await
}
