//! Runs the conformance suite against an endpoint:
//! `cargo run -p logmill-documents --example conformance -- http://127.0.0.1:9200`

#![expect(clippy::print_stdout, reason = "it prints a report")]

use std::process::ExitCode;

use logmill_documents::{Endpoint, conformance};

#[tokio::main]
async fn main() -> ExitCode {
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:9200".to_owned());
    match conformance::run(&Endpoint::new(&url), "logmill-conformance").await {
        Ok(outcomes) => {
            let mut failed = 0;
            for outcome in &outcomes {
                match &outcome.fault {
                    None => println!("ok      {}", outcome.name),
                    Some(fault) => {
                        failed += 1;
                        println!("FAILED  {}: {fault}", outcome.name);
                    }
                }
            }
            println!("{} of {} passed", outcomes.len() - failed, outcomes.len());
            if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            println!("the suite could not run: {error}");
            ExitCode::FAILURE
        }
    }
}
