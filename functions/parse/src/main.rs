//! The Lambda entry of `parse`.

#![recursion_limit = "256"]

use std::process::ExitCode;

use logmill_metadata_any::AnyStore;
use logmill_parse::Parse;

#[tokio::main]
async fn main() -> ExitCode {
    logmill_lambda::run::<Parse<AnyStore>>().await
}
