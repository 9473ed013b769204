//! The commands that talk to a running Logmill, by the protocols that everyone uses.

pub(crate) mod archive;
pub(crate) mod builds;
pub(crate) mod dead_letters;
mod migrate;
pub(crate) mod put;
pub(crate) mod search;
pub(crate) mod tokens;
pub(crate) mod topics;

use crate::cli::Command;
use crate::endpoints::Clients;
use crate::stdout;
use crate::variables;

/// Runs one of these commands and prints what came of it.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let text = runtime.block_on(answer(command))?;
    stdout::write(text.as_bytes())
}

async fn answer(command: Command) -> anyhow::Result<String> {
    match command {
        Command::Put { files, key, ports } => {
            let clients = Clients::running(&ports).await?;
            let sent = put::put(&clients, &files, key.as_deref()).await?;
            Ok(put::table(&put::wait(&clients, sent).await?))
        }
        Command::Search { query, most, ports } => {
            search::search(&Clients::running(&ports).await?, &query, most).await
        }
        Command::Builds { most, ports } => {
            builds::list(&Clients::running(&ports).await?, most).await
        }
        Command::Show { key, ports } => builds::show(&Clients::running(&ports).await?, &key).await,
        Command::Dlq { command, ports } => {
            dead_letters::run(&Clients::running(&ports).await?, &command).await
        }
        Command::Archive { command, ports } => {
            archive::run(&Clients::running(&ports).await?, &command).await
        }
        Command::Token { command, ports } => {
            tokens::run(&Clients::running(&ports).await?.metadata, &command).await
        }
        Command::Env { ports } => {
            Clients::running(&ports).await?;
            Ok(variables::exports(&ports))
        }
        Command::Migrate { plan, topics, ports } => migrate::migrate(&ports, plan, &topics).await,
        // The others work without a running Logmill, and `main` runs them.
        Command::Parse(_)
        | Command::Mask(_)
        | Command::Cost { .. }
        | Command::Completions { .. }
        | Command::Up(_) => Ok(String::new()),
    }
}
