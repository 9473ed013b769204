//! `logmill migrate`: makes and upgrades tables and templates, and says before what it will do.

use std::fmt::Write as _;
use std::time::Duration;

use logmill_metadata::Store as _;
use logmill_runtime::retry::Deadline;

use crate::client::topics::{Kafka, TopicArguments};
use crate::endpoints::{Clients, Ports};
use crate::stdout;

/// How long all templates may take.
const TEMPLATES: Duration = Duration::from_secs(60);

/// Shows the plan; does it, unless only that was asked for.
pub(crate) async fn migrate(
    ports: &Ports,
    only_plan: bool,
    topics: &TopicArguments,
) -> anyhow::Result<String> {
    let clients =
        if ports.need_up()? { Clients::running(ports).await? } else { Clients::elsewhere(ports)? };
    let deadline = Deadline::after(TEMPLATES);
    let steps = clients.metadata.plan().await?;
    let templates = clients.documents.plan(deadline).await?;
    let kafka = Kafka::configured()?;
    let missing = match &kafka {
        Some(kafka) => Some(kafka.plan(topics).await?),
        None => None,
    };
    stdout::write(plan(&steps, &templates.to_string()).as_bytes())?;
    if let Some(missing) = &missing {
        stdout::write(missing.to_string().as_bytes())?;
    }
    if only_plan {
        return Ok(String::new());
    }
    clients.metadata.migrate().await?;
    clients.documents.apply(&templates, deadline).await?;
    if let (Some(kafka), Some(missing)) = (&kafka, &missing) {
        kafka.make(missing).await?;
        return Ok("Tables, templates and topics are there.\n".to_owned());
    }
    Ok("Tables and templates are there.\n".to_owned())
}

/// The steps, a line each.
fn plan(steps: &[String], templates: &str) -> String {
    let mut text = String::from("Tables:\n");
    if steps.is_empty() {
        text.push_str("  nothing to do\n");
    }
    for step in steps {
        let _ = writeln!(text, "  {step}");
    }
    text.push_str("Templates of ");
    text.push_str(templates);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_a_line_and_none_is_said_too() {
        let steps = ["make the table a".to_owned(), "make the table b".to_owned()];
        assert!(plan(&steps, "").starts_with("Tables:\n  make the table a\n  make the table b\n"));
        assert!(plan(&[], "").contains("nothing to do"));
    }
}
