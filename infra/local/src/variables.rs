//! The settings with which a function outside this process finds the local cloud.

use crate::endpoints::{BUCKET, DEAD_LETTERS, PARSE_QUEUE, Ports, url};

/// Names and values of environment variables.
pub(crate) fn variables(ports: &Ports) -> Vec<(String, String)> {
    let queue_url = format!("{}/000000000000/{PARSE_QUEUE}", url(ports.sqs_port));
    [
        ("AWS_ACCESS_KEY_ID", "logmill".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "logmill-local".to_owned()),
        // That of somebody's real account does not belong to these keys.
        ("AWS_SESSION_TOKEN", String::new()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL_S3", url(ports.s3_port)),
        ("AWS_ENDPOINT_URL_DYNAMODB", url(ports.dynamodb_port)),
        ("AWS_ENDPOINT_URL_SQS", url(ports.sqs_port)),
        ("OPENSEARCH_URL", url(ports.search_port)),
        ("LOGMILL_BUCKET", BUCKET.to_owned()),
        ("LOGMILL_DEAD_LETTER_BUCKET", DEAD_LETTERS.to_owned()),
        ("LOGMILL_PARSE_QUEUE_URL", queue_url),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The same as lines for a shell.
pub(crate) fn exports(ports: &Ports) -> String {
    let lines = variables(ports).into_iter();
    lines.map(|(name, value)| format!("export {name}='{value}'\n")).collect()
}
