//! The settings with which a function outside this process finds the local cloud.

use crate::endpoints::{BUCKET, DEAD_LETTERS, Places, Ports, url};

/// Names and values of environment variables.
pub(crate) fn variables(ports: &Ports) -> Vec<(String, String)> {
    let places = Places::from_environment(ports);
    let mut variables = Vec::new();
    // Whoever moved one of AWS' parts has keys for it in the environment, which a function inherits.
    if places.are_local(ports) {
        variables.extend([
            ("AWS_ACCESS_KEY_ID", "logmill".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "logmill-local".to_owned()),
            // That of somebody's real account does not belong to these keys.
            ("AWS_SESSION_TOKEN", String::new()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]);
    }
    variables.extend([
        ("LOGMILL_PARSE_QUEUE_URL", places.queue_url()),
        ("AWS_ENDPOINT_URL_S3", places.s3),
        ("AWS_ENDPOINT_URL_DYNAMODB", places.dynamodb),
        ("AWS_ENDPOINT_URL_SQS", places.sqs),
        ("OPENSEARCH_URL", places.search),
        ("KAFKA_BOOTSTRAP_SERVERS", places.kafka),
        ("LOGMILL_INGEST_URL", url(ports.ingest_port)),
        ("LOGMILL_BUCKET", BUCKET.to_owned()),
        ("LOGMILL_DEAD_LETTER_BUCKET", DEAD_LETTERS.to_owned()),
    ]);
    // The others of the database's settings are inherited.
    variables.extend(ports.metadata.clone().map(|url| ("DATABASE_URL", url)));
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The same as lines for a shell.
pub(crate) fn exports(ports: &Ports) -> String {
    let lines = variables(ports).into_iter();
    lines.map(|(name, value)| format!("export {name}='{value}'\n")).collect()
}
