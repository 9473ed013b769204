//! `logmill token`: who may send events.

use std::fmt::Write as _;

use clap::{Subcommand, ValueEnum};
use logmill_metadata::{Entries, tokens};
use logmill_model::Timestamp;

/// How much of a hash people are shown.
const SHOWN: usize = 12;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it: this once, for only its hash is kept
    Create {
        /// What it is good for
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// Whose it is, as lists show it
        #[arg(long, value_name = "NAME", default_value = "")]
        name: String,
    },
    /// List the tokens
    List,
    /// Make a token useless, within a minute
    Revoke {
        /// Its id, as `list` prints it
        id: String,
    },
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    /// Sends events
    Writer,
}

/// Runs one of these commands.
pub(crate) async fn run(store: &impl Entries, command: &TokenCommand) -> anyhow::Result<String> {
    match command {
        TokenCommand::Create { role: Role::Writer, name } => {
            let mut random = [0; 32];
            getrandom::fill(&mut random)
                .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
            let role = tokens::Role::Writer;
            let token = tokens::create(store, random, name, role, Timestamp::now()).await?;
            Ok(format!("{token}\n"))
        }
        TokenCommand::List => Ok(table(&tokens::list(store).await?)),
        TokenCommand::Revoke { id } => {
            let token = tokens::revoke(store, id).await?;
            let tokens::Token { hash, name, .. } = token;
            Ok(format!("{} {name} is revoked.\n", shown(&hash)))
        }
    }
}

fn shown(hash: &str) -> &str {
    &hash[..hash.floor_char_boundary(SHOWN)]
}

fn table(tokens: &[tokens::Token]) -> String {
    let mut tokens: Vec<_> = tokens.iter().collect();
    tokens.sort_by_key(|token| token.created_at);
    let mut text = String::new();
    for token in tokens {
        let role = match token.role {
            tokens::Role::Writer => "writer",
        };
        let (id, made) = (shown(&token.hash), token.created_at);
        let _ = writeln!(text, "{id}  {role}  {made:.0}  {}", token.name);
    }
    if text.is_empty() {
        text.push_str("There is no token; `logmill token create --role writer` makes one.\n");
    }
    text
}
