//! Addresses of pages. Keys and parts may hold any text, so each is percent-encoded.

use logmill_model::id::{decode, encode};

/// Lines on one page of a log.
pub const LOG_PAGE: u64 = 500;

/// A key as one segment of a path. Browsers resolve `.` and `..` even when they are encoded, so
/// these are encoded twice.
fn segment(key: &str) -> String {
    let encoded = encode(key);
    if dots(&encoded) { encode(&encoded) } else { encoded }
}

/// The key that a path's segment names, once decoded.
#[must_use]
pub fn key(segment: String) -> String {
    if dots(&segment) { decode(&segment) } else { segment }
}

fn dots(encoded: &str) -> bool {
    !encoded.is_empty() && encoded.replace("%2E", "").is_empty()
}

/// A deployment, with all of its logs or its only one.
#[must_use]
pub fn deployment(key: &str) -> String {
    format!("/builds/{}", segment(key))
}

/// One log's build.
#[must_use]
pub fn build(key: &str, part: &str) -> String {
    format!("/builds/{}?part={}", segment(key), encode(part))
}

/// The pages of a deployment's logs, without parameters.
#[must_use]
pub fn log_path(key: &str) -> String {
    format!("/builds/{}/log", segment(key))
}

/// A page of a log that begins at this line.
#[must_use]
pub fn log(key: &str, part: &str, from: u64) -> String {
    format!("{}?part={}&from={from}", log_path(key), encode(part))
}

/// A line of a log, on the page that holds it.
#[must_use]
pub fn line(key: &str, part: &str, line: u64) -> String {
    format!("{}#L{line}", log(key, part, page_of(line)))
}

/// The first line of the page that holds `line`.
#[must_use]
pub const fn page_of(line: u64) -> u64 {
    line.saturating_sub(1) / LOG_PAGE * LOG_PAGE + 1
}

/// A path with those of these parameters that have a value.
#[must_use]
pub fn with(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut link = path.to_owned();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        link.push(if link.contains('?') { '&' } else { '?' });
        link.push_str(name);
        link.push('=');
        link.push_str(&encode(value));
    }
    link
}
