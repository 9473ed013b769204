//! Entries: rows of one table, their value as `json`, which keeps it as it was written.

use logmill_metadata::{Commit, Entries, Entry, EntryKind, Error, check_limit, check_name};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Row as _, SqlStr};

use crate::table::sql;
use crate::text::{name as stored, read_name};
use crate::{Connection, Postgres};

/// The columns, in the order in which they are written.
pub(crate) const COLUMNS: [&str; 4] = ["kind", "name", "revision", "value"];

/// The statements on entries.
#[derive(Debug)]
pub(crate) struct Statements {
    get: SqlStr,
    insert: SqlStr,
    update: SqlStr,
    delete: SqlStr,
    list: SqlStr,
}

impl Statements {
    pub(crate) fn new(table: &str) -> Self {
        let one = "WHERE kind = $1 AND name = $2";
        Self {
            get: sql(format!("SELECT name, revision, value FROM {table} {one}")),
            insert: sql(format!(
                "INSERT INTO {table} (kind, name, revision, value) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT DO NOTHING"
            )),
            update: sql(format!(
                "UPDATE {table} SET revision = $3, value = $4 {one} AND revision = $3 - 1"
            )),
            delete: sql(format!("DELETE FROM {table} {one}")),
            list: sql(format!(
                "SELECT name, revision, value FROM {table} WHERE kind = $1 AND name > $2 \
                 ORDER BY name LIMIT $3"
            )),
        }
    }
}

fn read(kind: EntryKind, row: &PgRow) -> Result<Entry, sqlx::Error> {
    let Json(value): Json<Value> = row.try_get(2)?;
    let revision: i64 = row.try_get(1)?;
    let revision = revision.unsigned_abs();
    Ok(Entry { kind, name: read_name(row.try_get(0)?), revision, value })
}

impl Postgres {
    fn entry_statements(&self) -> &Statements {
        &self.shared.statements.entries
    }
}

impl Entries for Postgres {
    async fn entry(&self, kind: EntryKind, name: &str) -> Result<Option<Entry>, Error> {
        check_name(kind, name)?;
        let about = format!("reading the entry {name:?} ({})", kind.as_str());
        self.call(&about, async |mut connection: Connection| {
            let query = sqlx::query(self.entry_statements().get.clone());
            let query = query.bind(kind.as_str()).bind(stored(name));
            let row = query.fetch_optional(&mut *connection).await?;
            row.as_ref().map(|row| read(kind, row)).transpose()
        })
        .await
    }

    async fn put_entry(&self, entry: &Entry) -> Result<Commit, Error> {
        check_name(entry.kind, &entry.name)?;
        let about = format!("writing the entry {:?} ({})", entry.name, entry.kind.as_str());
        self.call(&about, async |mut connection: Connection| {
            let statements = self.entry_statements();
            let first = entry.revision <= 1;
            let statement = if first { &statements.insert } else { &statements.update }.clone();
            let written = sqlx::query(statement)
                .bind(entry.kind.as_str())
                .bind(stored(&entry.name))
                .bind(i64::try_from(entry.revision).unwrap_or(i64::MAX))
                .bind(Json(&entry.value))
                .execute(&mut *connection)
                .await?;
            Ok(if written.rows_affected() > 0 { Commit::Written } else { Commit::Conflict })
        })
        .await
    }

    async fn delete_entry(&self, kind: EntryKind, name: &str) -> Result<(), Error> {
        check_name(kind, name)?;
        let about = format!("deleting the entry {name:?} ({})", kind.as_str());
        self.call(&about, async |mut connection: Connection| {
            let query = sqlx::query(self.entry_statements().delete.clone());
            query.bind(kind.as_str()).bind(stored(name)).execute(&mut *connection).await.map(drop)
        })
        .await
    }

    async fn entries(
        &self,
        kind: EntryKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        check_limit(limit)?;
        let about = format!("listing entries ({})", kind.as_str());
        self.call(&about, async |mut connection: Connection| {
            let query = sqlx::query(self.entry_statements().list.clone());
            let query = query.bind(kind.as_str()).bind(stored(after.unwrap_or_default()));
            let query = query.bind(i64::try_from(limit).unwrap_or(i64::MAX));
            let rows = query.fetch_all(&mut *connection).await?;
            rows.iter().map(|row| read(kind, row)).collect()
        })
        .await
    }
}
