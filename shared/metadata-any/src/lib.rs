//! Metadata in whichever engine the configuration names: Postgres where it has a database, else
//! DynamoDB. The one place that knows both adapters; another one is a line in each `match` here.

use aws_config::SdkConfig;
use logmill_metadata::{
    Blob, BlobKind, Change, Commit, Entries, Entry, EntryKind, Error, Filter, Loaded, ObjectState,
    Page, Store,
};
use logmill_metadata_dynamodb::Dynamo;
use logmill_metadata_postgres::{Connect, Postgres};
use logmill_runtime::config::{Database, DatabaseAuth};

/// The metadata, in one engine or another. Cheap to clone.
#[derive(Clone, Debug)]
pub enum AnyStore {
    /// In DynamoDB.
    Dynamo(Dynamo),
    /// In Postgres.
    Postgres(Postgres),
}

impl AnyStore {
    /// In `database`, if there is one, else in DynamoDB as `sdk` finds it; tables' names begin with
    /// `prefix`. Nothing is sent yet.
    ///
    /// # Errors
    /// `Invalid` for an address or a prefix that can't be.
    pub fn connect(
        sdk: &SdkConfig,
        prefix: &str,
        database: Option<&Database>,
    ) -> Result<Self, Error> {
        let Some(Database { url, auth, connections }) = database else {
            return Ok(Self::Dynamo(Dynamo::connect(sdk, prefix)));
        };
        let iam = (*auth == DatabaseAuth::Iam).then_some(sdk);
        let connect = Connect { url, prefix, connections: *connections, iam };
        Ok(Self::Postgres(Postgres::connect(&connect)?))
    }
}

impl From<Dynamo> for AnyStore {
    fn from(store: Dynamo) -> Self {
        Self::Dynamo(store)
    }
}

/// The same call of whichever store it is.
macro_rules! either {
    ($any:ident, $store:ident => $call:expr) => {
        match $any {
            AnyStore::Dynamo($store) => $call.await,
            AnyStore::Postgres($store) => $call.await,
        }
    };
}

impl Store for AnyStore {
    async fn plan(&self) -> Result<Vec<String>, Error> {
        either!(self, store => store.plan())
    }

    async fn migrate(&self) -> Result<(), Error> {
        either!(self, store => store.migrate())
    }

    async fn load(&self, deployment_key: &str, part: Option<&str>) -> Result<Loaded, Error> {
        either!(self, store => store.load(deployment_key, part))
    }

    async fn commit(&self, change: &Change) -> Result<Commit, Error> {
        either!(self, store => store.commit(change))
    }

    async fn objects(&self, deployment_key: &str) -> Result<Vec<ObjectState>, Error> {
        either!(self, store => store.objects(deployment_key))
    }

    async fn blob(
        &self,
        kind: BlobKind,
        deployment_key: &str,
        part: &str,
    ) -> Result<Option<Blob>, Error> {
        either!(self, store => store.blob(kind, deployment_key, part))
    }

    async fn deployments(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        either!(self, store => store.deployments(filter, cursor, limit))
    }

    async fn delete(&self, deployment_key: &str) -> Result<(), Error> {
        either!(self, store => store.delete(deployment_key))
    }
}

impl Entries for AnyStore {
    async fn entry(&self, kind: EntryKind, name: &str) -> Result<Option<Entry>, Error> {
        either!(self, store => store.entry(kind, name))
    }

    async fn put_entry(&self, entry: &Entry) -> Result<Commit, Error> {
        either!(self, store => store.put_entry(entry))
    }

    async fn delete_entry(&self, kind: EntryKind, name: &str) -> Result<(), Error> {
        either!(self, store => store.delete_entry(kind, name))
    }

    async fn entries(
        &self,
        kind: EntryKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        either!(self, store => store.entries(kind, after, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdk() -> SdkConfig {
        let latest = aws_config::BehaviorVersion::latest();
        SdkConfig::builder().behavior_version(latest).build()
    }

    #[tokio::test]
    async fn a_database_in_the_configuration_is_the_one_that_is_used() {
        let url = "postgres://me@db.example/metadata".to_owned();
        let database = Database { url, auth: DatabaseAuth::Password, connections: 2 };
        let store = AnyStore::connect(&sdk(), "", Some(&database));
        assert!(matches!(store.unwrap(), AnyStore::Postgres(_)));
        assert!(matches!(AnyStore::connect(&sdk(), "", None).unwrap(), AnyStore::Dynamo(_)));
    }
}
