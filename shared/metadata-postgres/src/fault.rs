//! What Postgres' errors mean here, and what to do about each.

use std::io;

use logmill_metadata::{Error, ErrorKind};
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

use crate::connect::Place;

/// The error of `what` at `place`.
pub(crate) fn fault(error: sqlx::Error, place: &Place, what: &str) -> Error {
    let (kind, advice) = meaning(&error, place);
    let message = format!("{what}: {advice} ({error})");
    Error::new(kind, message).caused_by(error)
}

/// The same of a migration.
pub(crate) fn migration_fault(error: MigrateError, place: &Place, versions: &str) -> Error {
    let (kind, message) = match error {
        MigrateError::Execute(error) => return fault(error, place, "logmill migrate"),
        MigrateError::ExecuteMigration(error, version) => {
            return fault(
                error,
                place,
                &format!("logmill migrate, version {version} of the tables"),
            );
        }
        MigrateError::VersionMissing(version) => return newer(version, place),
        MigrateError::VersionMismatch(version) => (
            ErrorKind::WrongShape,
            format!(
                "version {version} of the tables in {place}, as {versions} has it, is another one \
                 than this Logmill's: choose another prefix (LOGMILL_TABLE_PREFIX) or database"
            ),
        ),
        other => (ErrorKind::Other, format!("the tables in {place} can't be made: {other}")),
    };
    Error::new(kind, message)
}

/// The tables were made by a Logmill that came after this one.
pub(crate) fn newer(version: i64, place: &Place) -> Error {
    let message = format!(
        "the tables in {place} have version {version}, which this Logmill does not know, for a \
         newer one has made them: use that, or another prefix (LOGMILL_TABLE_PREFIX); nothing was \
         changed"
    );
    Error::new(ErrorKind::WrongShape, message)
}

/// Whether others were faster, so that the rows are to be read again.
pub(crate) fn conflict(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | "55P03"))
}

fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.map(std::borrow::Cow::into_owned)
}

fn meaning(error: &sqlx::Error, place: &Place) -> (ErrorKind, String) {
    if let Some(code) = code(error) {
        return of_code(&code, place);
    }
    match error {
        sqlx::Error::Io(cause) => of_io(cause, place),
        sqlx::Error::Tls(_) => of_tls(place),
        sqlx::Error::PoolTimedOut => (
            ErrorKind::Unavailable,
            format!(
                "{place} gave no connection in time: it does not answer, or all are in use \
                 (LOGMILL_DATABASE_CONNECTIONS)"
            ),
        ),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => {
            (ErrorKind::Unavailable, format!("the connection to {place} is closed; try again"))
        }
        // A connection that is cut while it is made reads as an answer of nothing.
        sqlx::Error::Protocol(_) => (
            ErrorKind::Unavailable,
            format!(
                "the connection to {place} was cut, or what answers there is no Postgres: check \
                 host and port in DATABASE_URL; then try again"
            ),
        ),
        sqlx::Error::Configuration(_) => {
            (ErrorKind::Invalid, "DATABASE_URL is wrong: see the cause".to_owned())
        }
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => (
            ErrorKind::Damaged,
            format!(
                "a row in {place} is not as Logmill writes it: delete it and replay the \
                 deployment, or restore the table"
            ),
        ),
        _ => (ErrorKind::Other, "see the cause".to_owned()),
    }
}

fn of_tls(place: &Place) -> (ErrorKind, String) {
    let advice = format!(
        "no trusted TLS with {place}: name the certificate of its authority by \
         `sslrootcert=/path/ca.pem` in DATABASE_URL, its host as the certificate has it, or give \
         `sslmode=disable` where the server has no TLS"
    );
    (ErrorKind::Denied, advice)
}

fn of_io(cause: &io::Error, place: &Place) -> (ErrorKind, String) {
    match cause.kind() {
        // What rustls refuses comes as this: a certificate above all.
        io::ErrorKind::InvalidData => of_tls(place),
        // A socket that is not there has the same kind, but nobody names one by chance.
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => (
            ErrorKind::Invalid,
            "a file that DATABASE_URL names can't be read: sslrootcert, sslcert, sslkey, or the \
             socket"
                .to_owned(),
        ),
        _ => (
            ErrorKind::Unavailable,
            format!(
                "{place} can't be reached, or the connection was lost: check host and port in \
                 DATABASE_URL, and that a Postgres runs there; then try again"
            ),
        ),
    }
}

/// By the error's code, as Postgres' documentation lists them (appendix A).
fn of_code(code: &str, place: &Place) -> (ErrorKind, String) {
    let (kind, advice) = match code {
        "28P01" | "28000" => (
            ErrorKind::Denied,
            "user or password is wrong, or the server lets this user not in from here: check \
             DATABASE_URL (and LOGMILL_DATABASE_AUTH)",
        ),
        "42501" => (
            ErrorKind::Denied,
            "the user may not do this: as the tables' owner, GRANT SELECT, INSERT, UPDATE, DELETE \
             on them; who migrates needs CREATE on the schema",
        ),
        "3D000" => (
            ErrorKind::NotMigrated,
            "there is no such database: CREATE DATABASE … ENCODING 'UTF8', then run `logmill \
             migrate`",
        ),
        "42P01" | "3F000" => {
            (ErrorKind::NotMigrated, "the tables are missing: run `logmill migrate`")
        }
        "42703" | "42804" | "42883" | "42P10" => (
            ErrorKind::WrongShape,
            "a table has another shape than Logmill's: run `logmill migrate`, which says more",
        ),
        "22021" | "22P05" => (
            ErrorKind::WrongShape,
            "the database can't hold this text, for it is not in UTF8: CREATE DATABASE … ENCODING \
             'UTF8' and name that",
        ),
        "40001" | "40P01" | "55P03" => {
            (ErrorKind::Contended, "others change the same rows; try again")
        }
        "53300" => (
            ErrorKind::Throttled,
            "the server has no connection left: lower LOGMILL_DATABASE_CONNECTIONS, or raise the \
             server's max_connections",
        ),
        "53100" => (
            ErrorKind::Unavailable,
            "the server's disk is full: nothing can be written until there is room",
        ),
        "25006" => (
            ErrorKind::Unavailable,
            "the server takes no writes, as a standby does: name the primary, or wait until the \
             failover is over",
        ),
        "57014" => (ErrorKind::Unavailable, "the server took too long; try again"),
        _ => match &code[..code.len().min(2)] {
            "08" | "53" | "57" | "58" | "25" => {
                (ErrorKind::Unavailable, "the server can't answer now; try again later")
            }
            _ => (ErrorKind::Other, "see the cause"),
        },
    };
    (kind, format!("{place}: {advice}"))
}
