//! The engines that users have, in the place of those of the local cloud.

use std::time::{SystemTime, UNIX_EPOCH};

use logmill_metadata_any::AnyStore;
use sqlx::postgres::PgPool;

use crate::embedded::{Engines, Ports, dynamodb, folder, metadata, postgres};
use crate::refusal::Engine;

/// Notes each row of an object that is written as COMPLETED, for as long as the database is there.
const NOTE_COMPLETED: &str = r#"
CREATE TABLE IF NOT EXISTS "faults-completed" (
    deployment_key text, part text, etag text, sequencer text, replays bigint, revision bigint
);
CREATE OR REPLACE FUNCTION "faults-note" () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "faults-completed" VALUES (
        NEW.deployment_key, NEW.part, NEW.etag, NEW.sequencer, NEW.replays, NEW.revision
    );
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER "faults-note" AFTER INSERT OR UPDATE ON "faults-deployment_objects"
    FOR EACH ROW WHEN (NEW.status = 'COMPLETED') EXECUTE FUNCTION "faults-note" ();
"#;

/// Where the engines are.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// S3 and SQS.
    pub cloud: String,
    /// OpenSearch.
    pub search: String,
    /// What the rows are in.
    pub rows: Rows,
}

/// Where rows are.
#[derive(Clone, Debug)]
pub enum Rows {
    /// In the DynamoDB at this address.
    DynamoDb(String),
    /// In the Postgres at this address.
    Postgres(String),
}

/// A database, with an eye on what is written to it.
#[derive(Clone, Debug)]
pub struct Database {
    url: String,
    pool: PgPool,
}

impl Database {
    fn at(url: &str) -> Self {
        Self { url: url.to_owned(), pool: PgPool::connect_lazy(url).unwrap() }
    }

    /// Its address behind another port of this machine.
    pub(crate) fn url_at(&self, port: u16) -> String {
        let (user, rest) = self.url.split_once('@').unwrap();
        let (_, database) = rest.split_once('/').unwrap();
        // A proxy of ours reads no TLS.
        format!("{user}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    async fn watch(&self) {
        sqlx::raw_sql(NOTE_COMPLETED).execute(&self.pool).await.unwrap();
    }

    /// How often the version of an object came to be COMPLETED, by the revisions of its row.
    pub async fn completions(&self, object: &logmill_metadata::ObjectState) -> usize {
        let asked = sqlx::query_scalar(
            "SELECT count(*) FROM \"faults-completed\" WHERE deployment_key = $1 AND part = $2 \
             AND etag = $3 AND sequencer IS NOT DISTINCT FROM $4 AND replays = $5",
        );
        let times: i64 = asked
            .bind(&object.deployment_key)
            .bind(&object.part)
            .bind(&object.version.etag)
            .bind(&object.version.sequencer)
            .bind(i64::from(object.replays))
            .fetch_one(&self.pool)
            .await
            .unwrap();
        usize::try_from(times).unwrap()
    }
}

/// The port of an engine that is reached by a plain address on this machine.
pub fn port(url: &str) -> u16 {
    let place = url.split("://").nth(1).unwrap_or(url).rsplit('@').next().unwrap_or_default();
    let place = place.split('/').next().unwrap_or_default();
    let port = place.rsplit(':').next().and_then(|port| port.parse().ok());
    port.unwrap_or_else(|| panic!("{url} names no port"))
}

impl Engines {
    /// In front of engines that run already, and that others may use too.
    pub async fn real(at: &Addresses) -> Self {
        let data = folder();
        let calm_rows = dynamodb(data.path()).await;
        let cloud = port(&at.cloud);
        let mut ports = Ports::from([
            (Engine::S3, cloud),
            (Engine::Search, port(&at.search)),
            (Engine::Sqs, cloud),
        ]);
        let (store, database): (AnyStore, _) = match &at.rows {
            Rows::DynamoDb(url) => {
                ports.insert(Engine::DynamoDb, port(url));
                (metadata(port(url), "").into(), None)
            }
            Rows::Postgres(url) => {
                ports.insert(Engine::Postgres, port(url));
                (AnyStore::Postgres(postgres(url)), Some(Database::at(url)))
            }
        };
        let mut engines = Self::before(ports, store, calm_rows, database, data).await;
        if let Some(database) = &engines.database {
            database.watch().await;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        engines.tag = format!("-{since:x}");
        engines
    }
}
