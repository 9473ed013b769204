//! The tables themselves: made and brought up to date in steps that are never changed once they
//! were released; refused where they are of another shape or newer.

use logmill_metadata::{Error, ErrorKind};
use logmill_model::Timestamp;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgConnection, Row as _};

use crate::connect::Place;
use crate::fault::{fault, migration_fault, newer};
use crate::table::{Names, Statements, sql};
use crate::time::Moment;

/// Each step: its version, what it does, its statements.
const STEPS: &[(i64, &str, &str)] = &[
    (
        1,
        "make the tables of deployments, objects, summaries and checkpoints",
        include_str!("../migrations/1.sql"),
    ),
    (2, "make the table of entries", include_str!("../migrations/2.sql")),
];

/// The tables of one prefix in one database.
pub(crate) struct Schema<'a> {
    pub(crate) names: &'a Names,
    pub(crate) prefix: &'a str,
    pub(crate) place: &'a Place,
}

impl Schema<'_> {
    fn fault(&self, error: sqlx::Error) -> Error {
        fault(error, self.place, "logmill migrate")
    }

    fn wrong(&self, message: String) -> Error {
        Error::new(ErrorKind::WrongShape, message)
    }

    /// What [`Self::migrate`] would do, each step in words.
    pub(crate) async fn plan(&self, connection: &mut PgConnection) -> Result<Vec<String>, Error> {
        self.check_encoding(connection).await?;
        let applied = loop {
            let applied = self.applied(connection).await?;
            if let Some(version) = applied.iter().find(|version| !known(**version)) {
                return Err(newer(*version, self.place));
            }
            let shape = self.check_shape(connection, &applied).await;
            // Another process may have made the tables between the two looks.
            if shape.is_ok() || self.applied(connection).await? == applied {
                shape?;
                break applied;
            }
        };
        let missing = STEPS.iter().filter(|(version, ..)| !applied.contains(version));
        Ok(missing
            .map(|(version, what, _)| format!("{}: version {version}: {what}", self.place))
            .collect())
    }

    /// Does what is missing, one process at a time, and deletes checkpoints whose time is over.
    pub(crate) async fn migrate(
        &self,
        connection: &mut PgConnection,
        statements: &Statements,
    ) -> Result<(), Error> {
        // Another process may migrate just now, and an index of many rows takes its time.
        let patient = sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await;
        patient.map_err(|error| self.fault(error))?;
        if !self.plan(connection).await?.is_empty() {
            let versions = &self.names.versions;
            let migrated = self.migrator().run_direct(None, connection, false).await;
            migrated.map_err(|error| migration_fault(error, self.place, versions))?;
        }
        let swept = sqlx::query(statements.sweep.clone()).bind(Moment(Timestamp::now()));
        swept.execute(connection).await.map(drop).map_err(|error| self.fault(error))
    }

    fn migrator(&self) -> Migrator {
        let steps = STEPS.iter().map(|(version, what, text)| {
            let text = sql(text.replace("{prefix}", self.prefix));
            Migration::new(*version, (*what).into(), MigrationType::Simple, text, false)
        });
        let mut migrator = Migrator::with_migrations(steps.collect());
        migrator.dangerous_set_table_name(self.names.versions.clone());
        migrator
    }

    async fn check_encoding(&self, connection: &mut PgConnection) -> Result<(), Error> {
        let asked = sqlx::query_scalar("SELECT current_setting('server_encoding')");
        let encoding: String =
            asked.fetch_one(connection).await.map_err(|error| self.fault(error))?;
        if encoding == "UTF8" {
            return Ok(());
        }
        Err(self.wrong(format!(
            "the database {} is in {encoding}, which can't hold every log's text: CREATE DATABASE \
             … ENCODING 'UTF8' TEMPLATE template0 and name that in DATABASE_URL",
            self.place
        )))
    }

    /// The versions that were applied.
    async fn applied(&self, connection: &mut PgConnection) -> Result<Vec<i64>, Error> {
        let asked = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL");
        let there: bool = asked
            .bind(&self.names.versions)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.fault(error))?;
        if !there {
            return Ok(Vec::new());
        }
        let asked = sql(format!("SELECT version FROM {} ORDER BY version", self.names.versions));
        let versions = sqlx::query_scalar(asked).fetch_all(connection).await;
        versions.map_err(|error| self.fault(error))
    }

    /// Whether the tables that are there are ours: none where nothing was applied, with all
    /// columns where it was.
    async fn check_shape(
        &self,
        connection: &mut PgConnection,
        applied: &[i64],
    ) -> Result<(), Error> {
        let mut faults = Vec::new();
        for (version, table, wanted) in self.names.columns() {
            let made = applied.contains(&version);
            let found = self.columns(connection, table).await?;
            if found.is_empty() {
                if made {
                    faults.push(format!("{table} is gone"));
                }
                continue;
            }
            let missing: Vec<_> = wanted
                .into_iter()
                .filter(|name| !found.iter().any(|found| found == name))
                .collect();
            if !missing.is_empty() {
                faults.push(format!("{table} has no column {}", missing.join(", ")));
            } else if !made {
                faults.push(format!("{table} was not made by `logmill migrate`"));
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(self.wrong(format!(
            "the tables in {} are of another shape: {}; choose another prefix \
             (LOGMILL_TABLE_PREFIX) or database, or move those tables away; nothing was changed",
            self.place,
            faults.join("; ")
        )))
    }

    async fn columns(
        &self,
        connection: &mut PgConnection,
        table: &str,
    ) -> Result<Vec<String>, Error> {
        let asked = sqlx::query(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) \
             AND attnum > 0 AND NOT attisdropped",
        );
        let rows = asked.bind(table).fetch_all(connection).await;
        let rows = rows.map_err(|error| self.fault(error))?;
        rows.iter().map(|row| row.try_get(0).map_err(|error| self.fault(error))).collect()
    }
}

fn known(version: i64) -> bool {
    STEPS.iter().any(|(known, ..)| *known == version)
}
