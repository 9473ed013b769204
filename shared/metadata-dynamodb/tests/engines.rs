//! The suite on DynamoDB Local.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test, which fails by panicking")]

mod support;

use logmill_metadata_dynamodb::Dynamo;

fn endpoint() -> String {
    std::env::var("LOGMILL_ENGINE_DYNAMODB").unwrap_or_else(|_| {
        panic!(
            "LOGMILL_ENGINE_DYNAMODB is not set: `cargo engines up` starts the engines and `cargo \
             engines test` runs this test against them"
        )
    })
}

async fn make() -> Dynamo {
    support::make(&endpoint()).await
}

logmill_metadata::conformance_tests!(make);

#[tokio::test]
async fn without_tables_the_message_says_which_command_makes_them() {
    support::without_tables(&endpoint()).await;
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    support::table_of_somebody_else(&endpoint()).await;
}
