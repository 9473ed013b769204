//! Metadata in Postgres, 12 or newer.
//!
//! | table | a row |
//! |---|---|
//! | `{prefix}deployment_metadata` | a deployment: the fields of [`logmill_metadata::Deployment`] |
//! | `{prefix}deployment_objects` | an object: the fields of [`logmill_metadata::ObjectState`] |
//! | `{prefix}deployment_summaries` | an object's summary |
//! | `{prefix}deployment_checkpoints` | an object's checkpoint, with the time at which it expires |
//! | `{prefix}logmill_entries` | an entry, by its kind and name |
//! | `{prefix}logmill_schema` | a version of the tables that was applied |
//!
//! A change is one transaction: each row by an `UPDATE … WHERE revision = … RETURNING`, or an
//! `INSERT … ON CONFLICT DO NOTHING`; one of them that finds no row ends all of it. Rows are locked
//! in one order, the deployment's first. Every row carries the id of the change that wrote it, so
//! that a change whose answer was lost, and which is tried again, is known.
//!
//! Text compares by its bytes. Postgres can't hold NUL: in names (keys, parts, owners) it is
//! written so that no two become one and comes back, in other text it is stripped and counted.
//! Times are kept to the microsecond.

mod connect;
mod entries;
mod fault;
mod list;
mod rows;
mod schema;
mod table;
mod text;
mod time;
mod token;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use logmill_metadata::{
    Blob, BlobKind, Change, Commit, Error, ErrorKind, Filter, Loaded, ObjectState, Page, Store,
    check_page,
};
use logmill_runtime::retry::{Backoff, Deadline, retry};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{Acquire as _, ConnectOptions as _, PgConnection};

use crate::connect::Place;
pub use crate::connect::{CONNECTIONS, Connect};
use crate::fault::{conflict, fault};
use crate::schema::Schema;
use crate::table::{Names, Statements};
use crate::text::name;
use crate::token::Tokens;

/// How long one try may take, the wait for a connection included.
const TRY: Duration = Duration::from_secs(8);
/// How long a call may take in all, its repetitions included.
const CALL: Duration = Duration::from_secs(20);
/// How long is looked for the reason that there is no connection.
const LOOK: Duration = Duration::from_secs(1);
/// The longest name of a table or index, without the prefix, and what Postgres takes in all.
const LONGEST_PREFIX: usize = 28;

/// How a call is repeated that failed in passing.
const AGAIN: Backoff =
    Backoff { first: Duration::from_millis(50), most: Duration::from_secs(2), attempts: 5 };

/// The metadata in one database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Postgres {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: PgPool,
    place: Place,
    prefix: String,
    names: Names,
    statements: Statements,
    tokens: Option<Tokens>,
}

type Connection = PoolConnection<sqlx::Postgres>;

/// Why there is no connection.
enum Unconnected {
    /// It was tried until the time for it was over.
    InTime(Error),
    /// It was refused, or broke.
    AtOnce(Error),
}

impl From<Unconnected> for Error {
    fn from(unconnected: Unconnected) -> Self {
        let (Unconnected::InTime(error) | Unconnected::AtOnce(error)) = unconnected;
        error
    }
}

impl Postgres {
    /// The tables of a prefix in a database. Nothing is sent yet; needs a runtime of tokio.
    ///
    /// # Errors
    /// `Invalid` for an address or a prefix that can't be.
    pub fn connect(connect: &Connect<'_>) -> Result<Self, Error> {
        let prefix = connect.prefix.to_owned();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if prefix.len() > LONGEST_PREFIX || !prefix.bytes().all(allowed) {
            let message = format!(
                "LOGMILL_TABLE_PREFIX: {prefix:?} can begin no table's name in Postgres: give at \
                 most {LONGEST_PREFIX} of a-z, A-Z, 0-9, `-_.`"
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let (pool, place, tokens) = connect::pool(connect)?;
        let names = Names::new(&prefix);
        let statements = Statements::new(&names);
        let shared = Shared { pool, place, prefix, names, statements, tokens };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Ends all connections, for a process that goes on without this store.
    pub async fn close(&self) {
        self.shared.pool.close().await;
    }

    fn schema(&self) -> Schema<'_> {
        let Shared { names, prefix, place, .. } = &*self.shared;
        Schema { names, prefix, place }
    }

    fn fault(&self, error: sqlx::Error, about: &str) -> Error {
        fault(error, &self.shared.place, about)
    }

    /// A connection that answers.
    async fn connection(&self, about: &str) -> Result<Connection, Unconnected> {
        let pool = &self.shared.pool;
        if let Some(tokens) = &self.shared.tokens {
            let options = pool.connect_options();
            let token = tokens.renew(&options).await;
            if let Some(token) = token.map_err(Unconnected::AtOnce)? {
                pool.set_connect_options((*options).clone().password(&token));
            }
        }
        match pool.acquire().await {
            Ok(connection) => Ok(connection),
            // The pool tries until its time is over and does not say why; a refusal can be seen.
            Err(error @ sqlx::Error::PoolTimedOut) => {
                let options = pool.connect_options();
                let seen = tokio::time::timeout(LOOK, options.connect()).await;
                let error = if let Ok(Err(seen)) = seen { seen } else { error };
                Err(Unconnected::InTime(self.fault(error, about)))
            }
            Err(error) => Err(Unconnected::AtOnce(self.fault(error, about))),
        }
    }

    /// Does something on a connection, again where it fails in passing, in bounded time.
    async fn call<T, F>(
        &self,
        about: &str,
        operation: impl Fn(Connection) -> F + Send + Sync,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, sqlx::Error>> + Send,
        T: Send,
    {
        let done = retry(&AGAIN, Deadline::after(CALL), async || {
            let work = async {
                let connection = match self.connection(about).await {
                    Ok(connection) => connection,
                    Err(Unconnected::InTime(error)) => return Ok(Err(error)),
                    Err(Unconnected::AtOnce(error)) => return Err(error),
                };
                let done = operation(connection).await;
                done.map(Ok).map_err(|error| self.fault(error, about))
            };
            match tokio::time::timeout(TRY, work).await {
                Ok(done) => done,
                Err(_) => Err(Error::new(
                    ErrorKind::Unavailable,
                    format!(
                        "{about}: {} did not answer within {} s; try again later",
                        self.shared.place,
                        TRY.as_secs()
                    ),
                )),
            }
        })
        .await;
        done?
    }
}

impl Shared {
    /// Writes all rows of a change, or none.
    async fn commit(
        &self,
        connection: &mut PgConnection,
        change: &Change,
        change_id: i64,
    ) -> Result<Commit, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        if let Some(row) = &change.deployment {
            let (insert, update) =
                (&self.statements.insert_deployment, &self.statements.update_deployment);
            let statement = if row.revision <= 1 { insert } else { update }.clone();
            let write = rows::write_deployment(statement, row, change_id);
            if write.fetch_optional(&mut *transaction).await?.is_none() {
                transaction.rollback().await?;
                return Ok(Commit::Conflict);
            }
        }
        if let Some(row) = &change.object {
            let (insert, update) = (&self.statements.insert_object, &self.statements.update_object);
            let statement = if row.revision <= 1 { insert } else { update }.clone();
            let write = rows::write_object(statement, row, change_id);
            if write.fetch_optional(&mut *transaction).await?.is_none() {
                transaction.rollback().await?;
                return Ok(Commit::Conflict);
            }
            let blobs =
                [(BlobKind::Summary, &change.summary), (BlobKind::Checkpoint, &change.checkpoint)];
            for (kind, blob) in blobs {
                if let Some(write) = rows::write_blob(&self.statements, row, kind, blob) {
                    write.execute(&mut *transaction).await?;
                }
            }
        }
        transaction.commit().await?;
        Ok(Commit::Written)
    }

    /// Whether the rows carry this change: it was written, and only its answer was lost.
    async fn carries(
        &self,
        connection: &mut PgConnection,
        change: &Change,
        change_id: i64,
    ) -> Result<bool, sqlx::Error> {
        let query = if let Some(row) = &change.object {
            sqlx::query(self.statements.written_object.clone())
                .bind(name(&row.deployment_key))
                .bind(change_id)
                .bind(rows::part_key(&row.part))
        } else if let Some(row) = &change.deployment {
            sqlx::query(self.statements.written_deployment.clone())
                .bind(name(&row.deployment_key))
                .bind(change_id)
        } else {
            return Ok(true);
        };
        Ok(query.fetch_optional(connection).await?.is_some())
    }
}

impl Store for Postgres {
    async fn plan(&self) -> Result<Vec<String>, Error> {
        let mut connection = self.connection("logmill migrate").await?;
        self.schema().plan(&mut connection).await
    }

    async fn migrate(&self) -> Result<(), Error> {
        let mut connection = self.connection("logmill migrate").await?;
        // It carries a lock and other settings, so nobody else gets it.
        connection.close_on_drop();
        self.schema().migrate(&mut connection, &self.shared.statements).await
    }

    async fn load(&self, deployment_key: &str, part: Option<&str>) -> Result<Loaded, Error> {
        let about = format!("reading {deployment_key:?}");
        self.call(&about, async |mut connection: Connection| {
            let statements = &self.shared.statements;
            let Some(part) = part else {
                let query = sqlx::query(statements.load_deployment.clone());
                let row = query.bind(name(deployment_key)).fetch_optional(&mut *connection).await?;
                let deployment = row.as_ref().map(rows::read_deployment).transpose()?.flatten();
                return Ok(Loaded { deployment, object: None });
            };
            let query = sqlx::query(statements.load_both.clone());
            let query = query.bind(name(deployment_key)).bind(rows::part_key(part));
            let row = query.fetch_one(&mut *connection).await?;
            Ok(Loaded {
                deployment: rows::read_deployment(&row)?,
                object: rows::read_joined_object(&row)?,
            })
        })
        .await
    }

    async fn commit(&self, change: &Change) -> Result<Commit, Error> {
        let key = change.object.as_ref().map(|row| &row.deployment_key);
        let key = key.or(change.deployment.as_ref().map(|row| &row.deployment_key));
        let Some(key) = key else { return Ok(Commit::Written) };
        let about = format!("writing {key:?}");
        let change_id = fastrand::i64(..);
        self.call(&about, async |mut connection: Connection| {
            let shared = &self.shared;
            match shared.commit(&mut connection, change, change_id).await {
                // An earlier try may have written it and only its answer been lost.
                Ok(Commit::Conflict) => {
                    let written = shared.carries(&mut connection, change, change_id).await?;
                    Ok(if written { Commit::Written } else { Commit::Conflict })
                }
                Err(error) if conflict(&error) => Ok(Commit::Conflict),
                other => other,
            }
        })
        .await
    }

    async fn objects(&self, deployment_key: &str) -> Result<Vec<ObjectState>, Error> {
        let about = format!("reading the objects of {deployment_key:?}");
        self.call(&about, async |mut connection: Connection| {
            let query = sqlx::query(self.shared.statements.objects.clone());
            let rows = query.bind(name(deployment_key)).fetch_all(&mut *connection).await?;
            let found: Result<Vec<_>, _> =
                rows.iter().map(|row| rows::read_object(row, 0)).collect();
            Ok(found?.into_iter().flatten().collect())
        })
        .await
    }

    async fn blob(
        &self,
        kind: BlobKind,
        deployment_key: &str,
        part: &str,
    ) -> Result<Option<Blob>, Error> {
        let about = format!("reading a summary or checkpoint of {deployment_key:?}");
        self.call(&about, async |mut connection: Connection| {
            let query = sqlx::query(self.shared.statements.blob(kind).get.clone());
            let query = query.bind(name(deployment_key)).bind(rows::part_key(part));
            let row = query.fetch_optional(&mut *connection).await?;
            row.as_ref().map(rows::read_blob).transpose()
        })
        .await
    }

    async fn deployments(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        check_page(cursor, limit)?;
        self.call("listing deployments", async |mut connection: Connection| {
            list::deployments(&mut connection, &self.shared.names, filter, cursor, limit).await
        })
        .await
    }

    async fn delete(&self, deployment_key: &str) -> Result<(), Error> {
        let about = format!("deleting {deployment_key:?}");
        self.call(&about, async |mut connection: Connection| {
            let mut transaction = connection.begin().await?;
            for statement in &self.shared.statements.delete {
                let query = sqlx::query(statement.clone()).bind(name(deployment_key));
                query.execute(&mut *transaction).await?;
            }
            transaction.commit().await
        })
        .await
    }
}
