//! The suite on DynamoDB Local.

#![expect(clippy::unwrap_used, reason = "a test, which fails by panicking")]

mod support;

use logmill_metadata_dynamodb::Dynamo;

fn endpoint() -> String {
    logmill_given::engine("LOGMILL_ENGINE_DYNAMODB")
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
