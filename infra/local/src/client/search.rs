//! `logmill search QUERY`: records that fulfil a condition, the newest first.

use std::fmt::Write as _;
use std::time::Duration;

use logmill_documents::{Hit, Kind, Search};
use logmill_query::parse;
use logmill_runtime::retry::Deadline;

use crate::endpoints::Clients;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The records that a query finds. An error in the query points at its column.
pub(crate) async fn search(clients: &Clients, query: &str, most: usize) -> anyhow::Result<String> {
    let tree = match parse(query) {
        Ok(tree) => tree,
        Err(error) => anyhow::bail!("the query cannot be read:\n{}", error.render(query)),
    };
    let search = Search { size: most, ..Search::new(Kind::Logs, tree) };
    let page = clients.documents.search(&search, Deadline::after(PATIENCE)).await?;
    let mut text = String::new();
    for hit in &page.hits {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}", line(hit));
    }
    let more = if page.total.exact { "" } else { "more than " };
    let _ = writeln!(text, "{} of {more}{} records", page.hits.len(), page.total.value);
    Ok(text)
}

fn line(hit: &Hit) -> String {
    let text = |name: &str| hit.source[name].as_str().unwrap_or_default();
    let message = text("message").lines().next().unwrap_or_default();
    if text("deployment_key").is_empty() {
        // A service log: when, who, how serious.
        let host = text("host");
        let at = if host.is_empty() { String::new() } else { format!("@{host}") };
        let (time, service, level) = (text("@timestamp"), text("service"), text("level"));
        return format!("{time} {service}{at} {level}  {message}");
    }
    let part = text("part");
    let place = if part.is_empty() { String::new() } else { format!("/{part}") };
    format!("{}{place}:{}  {message}", text("deployment_key"), hit.source["line"])
}
