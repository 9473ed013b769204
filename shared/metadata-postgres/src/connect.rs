//! Connections: from an address, a pool that opens them when they are needed.

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use aws_config::SdkConfig;
use logmill_metadata::{Error, ErrorKind};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};

use crate::token::Tokens;

/// How long a connection is waited for, a free one or a new one.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(300);
/// How many connections a process has at most, where nobody says so: it works on few logs at once.
pub const CONNECTIONS: u32 = 4;

/// What each connection is told first: a statement ends in time, and a process that stands still
/// amid a transaction, as a frozen function may, holds nobody up. By a statement and not by the
/// start of the connection, which proxies refuse.
const SESSION: &str = "SELECT set_config('statement_timeout', '5s', false), \
     set_config('idle_in_transaction_session_timeout', '10s', false), \
     set_config('default_transaction_isolation', 'read committed', false)";

/// Where a database is and how to get in.
pub struct Connect<'a> {
    /// The address: `postgres://user:password@host:port/database`, with `sslmode`, `sslrootcert`
    /// and the others that libpq knows after a `?`.
    pub url: &'a str,
    /// What the tables' names begin with; at most 28 bytes.
    pub prefix: &'a str,
    /// The most connections.
    pub connections: u32,
    /// Whose credentials sign tokens, where IAM takes the place of a password.
    pub iam: Option<&'a SdkConfig>,
}

impl fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("url", &"…")
            .field("prefix", &self.prefix)
            .field("connections", &self.connections)
            .field("iam", &self.iam.is_some())
            .finish()
    }
}

/// A database as messages name it: without a password.
#[derive(Clone, Debug)]
pub(crate) struct Place(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Place {
    fn of(options: &PgConnectOptions) -> Self {
        let host = match options.get_socket() {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        let user = options.get_username();
        Self(format!("postgres://{user}@{host}/{}", options.get_database().unwrap_or(user)))
    }
}

/// The pool, which opens connections by and by, and its place.
pub(crate) fn pool(connect: &Connect<'_>) -> Result<(PgPool, Place, Option<Tokens>), Error> {
    let mut options = options(connect.url)?.application_name("logmill").disable_statement_logging();
    if connect.iam.is_some() {
        let mode = mode_for_tokens(options.get_ssl_mode())?;
        options = options.ssl_mode(mode);
    }
    let place = Place::of(&options);
    let pool = PgPoolOptions::new()
        .max_connections(connect.connections.max(1))
        .acquire_timeout(CONNECTING)
        .idle_timeout(IDLE)
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::query(SESSION).execute(connection).await.map(drop) })
        })
        .connect_lazy_with(options);
    Ok((pool, place, connect.iam.cloned().map(Tokens::new)))
}

fn options(url: &str) -> Result<PgConnectOptions, Error> {
    let invalid = |why: &str| {
        let message = format!(
            "DATABASE_URL {why}: give postgres://USER:PASSWORD@HOST:PORT/DATABASE, with other \
             signs than letters and digits in the password percent-encoded"
        );
        Error::new(ErrorKind::Invalid, message)
    };
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(invalid("is no address of Postgres"));
    }
    PgConnectOptions::from_str(url).map_err(|error| invalid("can't be read").caused_by(error))
}

/// A token is a password for fifteen minutes, so it goes to nobody but the right server.
fn mode_for_tokens(given: PgSslMode) -> Result<PgSslMode, Error> {
    match given {
        // The mode of who gives none.
        PgSslMode::Prefer => Ok(PgSslMode::VerifyFull),
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => Ok(given),
        PgSslMode::Disable | PgSslMode::Allow => {
            let message = "LOGMILL_DATABASE_AUTH is `iam`, which wants TLS: leave sslmode out of \
                           DATABASE_URL, or give sslmode=verify-full";
            Err(Error::new(ErrorKind::Invalid, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_message() {
        for url in [
            "postgres://me:hunter2@[db/x",
            "mysql://me:hunter2@db/x",
            "postgres://me:hunter2@db:99999/x",
        ] {
            let error = options(url).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("DATABASE_URL") && !shown.contains("hunter2"), "{shown}");
        }
        let place = Place::of(&options("postgres://me:hunter2@db.example:5433/metadata").unwrap());
        assert_eq!(place.to_string(), "postgres://me@db.example:5433/metadata");
    }

    #[test]
    fn a_token_is_not_sent_in_the_clear() {
        let mode = |url| mode_for_tokens(options(url).unwrap().get_ssl_mode());
        assert!(matches!(mode("postgres://me@db/x").unwrap(), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://me@db/x?sslmode=require").unwrap(), PgSslMode::Require));
        let refused = mode("postgres://me@db/x?sslmode=disable").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid);
    }
}
