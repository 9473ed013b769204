//! The Lambda entry of `consume`.

#![recursion_limit = "256"]

use std::process::ExitCode;

use logmill_consume::Consume;

#[tokio::main]
async fn main() -> ExitCode {
    logmill_lambda::run::<Consume>().await
}
