//! `logmill dlq …`: what could not be used, and trying it again.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use logmill_consume::Invocation;
use logmill_deadletter::{DeadLetter, Replay};
use logmill_metadata::{Metadata as _, Owner, Reopen};
use logmill_model::Timestamp;
use logmill_runtime::retry::Deadline;

use crate::endpoints::Clients;

/// How long a replay may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterCommand {
    /// List them
    List {
        /// Only those of this function, `parse` for example
        #[arg(long)]
        function: Option<String>,
    },
    /// Show one whole
    Show {
        /// Its key, as `list` prints it
        key: String,
    },
    /// Hand one to its function again
    Replay {
        /// Its key, as `list` prints it
        key: String,
        /// Also if it was replayed already
        #[arg(long)]
        again: bool,
    },
    /// Remove one for good
    Drop {
        /// Its key, as `list` prints it
        key: String,
    },
}

/// Runs one of them and says what came of it.
pub(crate) async fn run(clients: &Clients, command: &DeadLetterCommand) -> anyhow::Result<String> {
    match command {
        DeadLetterCommand::List { function } => list(clients, function.as_deref()).await,
        DeadLetterCommand::Show { key } => {
            let letter = clients.dead_letters.get(key).await?;
            Ok(format!("{}\n", serde_json::to_string_pretty(&letter)?))
        }
        DeadLetterCommand::Replay { key, again } => replay(clients, key, *again).await,
        DeadLetterCommand::Drop { key } => {
            // Deleting what is not there succeeds, and a mistyped key would go unnoticed.
            clients.objects.head(clients.dead_letters.bucket(), key).await?;
            clients.dead_letters.drop(key).await?;
            Ok(format!("{key} is dropped\n"))
        }
    }
}

async fn list(clients: &Clients, function: Option<&str>) -> anyhow::Result<String> {
    let (mut text, mut after) = (String::new(), None::<String>);
    loop {
        let page = clients.dead_letters.list(function, after.as_deref(), 1000).await?;
        for entry in &page.entries {
            // Writing to memory does not fail.
            let _ = match &entry.letter {
                Ok(letter) => writeln!(text, "{}  {}", entry.key, line(letter)),
                Err(error) => writeln!(text, "{}  {error}", entry.key),
            };
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(if text.is_empty() { "No dead letters.\n".to_owned() } else { text })
}

fn line(letter: &DeadLetter) -> String {
    let place = match (&letter.place.key, &letter.place.topic) {
        (None, Some(topic)) => {
            let number = |number: Option<i64>| number.map_or("?".to_owned(), |n| n.to_string());
            let partition = number(letter.place.partition.map(i64::from));
            format!("{topic}-{partition}, offset {}", number(letter.place.offset))
        }
        (key, _) => key.clone().unwrap_or_default(),
    };
    let replayed = if letter.is_open() { "" } else { "  (replayed)" };
    format!("{}: {}  {place}{replayed}", letter.reason.kind, letter.reason.message)
}

/// Hands a letter's input to its function again.
async fn replay(clients: &Clients, key: &str, again: bool) -> anyhow::Result<String> {
    let done = clients
        .dead_letters
        .replay(key, again, |letter| async move { hand_over(clients, &letter).await })
        .await?;
    Ok(match done {
        Replay::Done => format!("{key} is handed over again\n"),
        Replay::Before(at) => {
            format!("{key} was replayed at {at} and has not failed since; --again does it anyway\n")
        }
    })
}

async fn hand_over(clients: &Clients, letter: &DeadLetter) -> anyhow::Result<()> {
    if letter.function == logmill_consume::FUNCTION {
        let invocation = Invocation { now: Timestamp::now(), deadline: Deadline::after(PATIENCE) };
        return Ok(clients.consume()?.replay(letter, &invocation).await?);
    }
    let Some(input) = letter.input.bytes() else {
        anyhow::bail!("its input was too large to be kept: put the object again");
    };
    if let Some(key) = &letter.place.key {
        let bucket = letter.place.bucket.as_deref().unwrap_or(&clients.bucket);
        let head = clients.objects.head(bucket, key).await;
        let head =
            head.with_context(|| format!("the object {key} cannot be read: put it again"))?;
        let object = logmill_parse::object_ref(key, &head);
        let owner = Owner::new(format!("replay-{}", Timestamp::now()));
        let (deployment, part, now) = (&object.deployment_key, &object.part, Timestamp::now());
        let reopened = clients.metadata.reopen(deployment, part, &owner, now).await?;
        if let Reopen::Held { until } = reopened {
            anyhow::bail!("it is being worked on until {until}: try again then");
        }
    }
    clients
        .queues
        .send_message()
        .queue_url(&clients.queue_url)
        .message_body(String::from_utf8(input)?)
        .send()
        .await?;
    Ok(())
}
