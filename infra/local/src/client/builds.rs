//! `logmill builds` and `logmill show KEY`: what is known of deployments and their logs.

use std::fmt::Write as _;

use logmill_metadata::{
    Deployment, Filter, Metadata as _, ObjectState, Progress, Status, Store as _,
};
use logmill_model::{LogSummary, Outcome, Summary};

use crate::endpoints::Clients;

/// The newest deployments, one a line.
pub(crate) async fn list(clients: &Clients, most: usize) -> anyhow::Result<String> {
    let page = clients.metadata.deployments(&Filter::default(), None, most.clamp(1, 1000)).await?;
    if page.deployments.is_empty() {
        return Ok("No builds yet: `logmill put FILE…` puts logs in.\n".to_owned());
    }
    let mut text = String::new();
    for deployment in &page.deployments {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{}{}", line(deployment), progress(clients, deployment).await?);
    }
    Ok(text)
}

/// How much of a deployment's logs was read, while they are being read.
async fn progress(clients: &Clients, deployment: &Deployment) -> anyhow::Result<String> {
    if deployment.status != Status::Processing {
        return Ok(String::new());
    }
    let objects = clients.metadata.objects(&deployment.deployment_key).await?;
    let percent = objects.iter().find_map(|object| object.progress).map(Progress::percent);
    Ok(percent.map(|percent| format!("  {percent} % read")).unwrap_or_default())
}

fn line(deployment: &Deployment) -> String {
    let at = deployment.listed_at();
    let state = match (deployment.status, deployment.result) {
        (Status::Completed, Some(result)) => result.as_str(),
        (Status::Completed, None) => Outcome::Unknown.as_str(),
        (status, _) => status.as_str(),
    };
    let error = deployment.error.as_deref().map(|error| format!("  {error}")).unwrap_or_default();
    format!("{at:.0}  {state:10}  {}{error}", deployment.deployment_key)
}

/// One deployment with its logs and why each failed.
pub(crate) async fn show(clients: &Clients, key: &str) -> anyhow::Result<String> {
    let Some(deployment) = clients.metadata.deployment(key).await? else {
        anyhow::bail!("there is no build {key:?}: `logmill builds` lists them");
    };
    let mut text = format!("{}\n", line(&deployment));
    for object in clients.metadata.objects(key).await? {
        let blob = clients.metadata.summary(key, &object.part).await?;
        let summary = blob.and_then(|blob| serde_json::from_slice(&blob.bytes).ok());
        show_object(&object, summary.as_ref(), &mut text);
    }
    Ok(text)
}

fn show_object(object: &ObjectState, summary: Option<&Summary>, text: &mut String) {
    // Writing to memory does not fail.
    let read = object.progress.map(|progress| format!(", {} % read", progress.percent()));
    let (key, status) = (&object.object_key, object.status.as_str());
    let _ = writeln!(text, "\n{key}  {status}{}", read.unwrap_or_default());
    if let Some(error) = &object.error {
        let _ = writeln!(text, "  {error}");
    }
    let Some(summary) = summary else { return };
    for log in &summary.logs {
        show_log(log, text);
    }
    for aside in &summary.aside {
        let _ = writeln!(text, "  left out: {aside}");
    }
    if summary.more > 0 {
        let _ = writeln!(text, "  and {} more logs", summary.more);
    }
}

fn show_log(log: &LogSummary, text: &mut String) {
    let part = if log.part.is_empty() { String::new() } else { format!("{}: ", log.part) };
    let _ = writeln!(
        text,
        "  {part}{}, {} lines, {} errors, {} warnings",
        log.result.as_str(),
        log.lines,
        log.errors,
        log.warnings
    );
    if let Some(tests) = &log.tests {
        let _ = writeln!(
            text,
            "  tests: {} run, {} passed, {} failed, {} skipped",
            tests.run, tests.passed, tests.failed, tests.skipped
        );
    }
    if let Some(cut) = &log.cut {
        let _ = writeln!(text, "  {cut}");
    }
    if let Some(why) = &log.explanation {
        let _ = writeln!(text, "  why ({}):", why.reason.as_str());
        for (number, line) in (why.line..).zip(why.message.lines()) {
            let _ = writeln!(text, "  {number:>7} | {line}");
        }
    }
}
