//! Metadata in DynamoDB: one table, `{prefix}deployment_metadata`, on demand.
//!
//! | | |
//! |---|---|
//! | partition key | `deployment_key` |
//! | sort key | `row`: `deployment`, `object#{part}`, `summary#{part}` or `checkpoint#{part}`; `entry#{name}` |
//! | index `by-status` | `status`, `place`; all attributes; only deployments have a place |
//! | index `by-application` | `application`, `place`; all attributes |
//! | expiry attribute | `expires_at`, seconds: on checkpoints, 30 days after the object's lease, else never |
//!
//! | item | holds | read by |
//! |---|---|---|
//! | `deployment` | the fields of [`logmill_metadata::Deployment`], `place`, `application` | its key; the indexes |
//! | `object#{part}` | the fields of [`logmill_metadata::ObjectState`] | its key; a query by the prefix `object#` |
//! | `summary#{part}` | `generation`, `bytes` | its key |
//! | `checkpoint#{part}` | `generation`, `bytes`, `expires_at` | its key |
//! | `entry#{name}`, in the partition of its kind | `revision`, `value`: JSON in text | its key; a query between two |
//!
//! So a deployment with all that belongs to it is one partition: an object and its deployment
//! change in one transaction, conditional on the `revision` of both. Every read but the lists is
//! strongly consistent and by key. A list of any status is the merge of the four partitions of
//! `by-status`, so no third index is needed. A part of more than 900 bytes is named in the sort
//! key by its beginning and its hash.

mod entries;
mod fault;
mod item;
mod list;
mod rows;
mod table;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use logmill_metadata::{
    Blob, BlobKind, Change, Commit, Error, Filter, Loaded, ObjectState, Page, Store,
};

use crate::fault::{conflict, fault};

/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(3);
/// How long one answer is waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a call may take in all, its repetitions included.
const CALL: Duration = Duration::from_secs(20);

/// An item as the SDK has it.
type Item = HashMap<String, AttributeValue>;

/// The metadata in one table of DynamoDB. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dynamo {
    client: Client,
    table: String,
}

impl Dynamo {
    /// The table `{prefix}deployment_metadata`, by this client.
    #[must_use]
    pub fn new(client: Client, prefix: &str) -> Self {
        Self { client, table: format!("{prefix}deployment_metadata") }
    }

    /// The same, by a client of this configuration, whose endpoint
    /// `AWS_ENDPOINT_URL_DYNAMODB` moves. Where the configuration sets no time-outs, an answer is
    /// waited for 5 seconds and all tries of a call take 20: the SDK alone would wait for ever.
    #[must_use]
    pub fn connect(config: &aws_config::SdkConfig, prefix: &str) -> Self {
        let usual = TimeoutConfig::builder()
            .connect_timeout(CONNECTING)
            .operation_attempt_timeout(ANSWER)
            .operation_timeout(CALL)
            .build();
        let given =
            config.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
        let timeouts = given.take_unset_from(usual.to_builder());
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .timeout_config(timeouts.build())
            .build();
        Self::new(Client::from_conf(config), prefix)
    }

    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    async fn get(&self, deployment_key: &str, row: String) -> Result<Option<Item>, Error> {
        self.client
            .get_item()
            .table_name(&self.table)
            .key(rows::PARTITION, AttributeValue::S(deployment_key.to_owned()))
            .key(rows::SORT, AttributeValue::S(row))
            .consistent_read(true)
            .send()
            .await
            .map(|output| output.item)
            .map_err(|error| fault(error, "dynamodb:GetItem", &self.table, deployment_key))
    }

    /// All items of a partition whose sort key begins with `prefix`; only the keys if `keys`.
    async fn partition(
        &self,
        deployment_key: &str,
        prefix: &str,
        keys: bool,
    ) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .expression_attribute_names("#key", rows::PARTITION)
                .expression_attribute_values(":key", AttributeValue::S(deployment_key.to_owned()))
                .set_exclusive_start_key(start);
            query = if prefix.is_empty() {
                query.key_condition_expression("#key = :key")
            } else {
                query
                    .key_condition_expression("#key = :key AND begins_with(#row, :prefix)")
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            };
            if keys {
                query = query.projection_expression("#key, #row");
            }
            if keys || !prefix.is_empty() {
                query = query.expression_attribute_names("#row", rows::SORT);
            }
            let output = query
                .send()
                .await
                .map_err(|error| fault(error, "dynamodb:Query", &self.table, deployment_key))?;
            items.extend(output.items.unwrap_or_default());
            match output.last_evaluated_key {
                Some(key) => start = Some(key),
                None => return Ok(items),
            }
        }
    }

    async fn remove(&self, deployment_key: &str, row: AttributeValue) -> Result<(), Error> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key(rows::PARTITION, AttributeValue::S(deployment_key.to_owned()))
            .key(rows::SORT, row)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault(error, "dynamodb:DeleteItem", &self.table, deployment_key))
    }

    async fn put(&self, put: Put, deployment_key: &str) -> Result<Commit, Error> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Commit::Written),
            Err(error) if conflict(&error) => Ok(Commit::Conflict),
            Err(error) => Err(fault(error, "dynamodb:PutItem", &self.table, deployment_key)),
        }
    }

    async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
        deployment_key: &str,
    ) -> Result<Commit, Error> {
        let sent = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        match sent {
            Ok(_) => Ok(Commit::Written),
            Err(error) if fault::transaction_conflict(&error) => Ok(Commit::Conflict),
            Err(error) => {
                // A transaction has no right of its own.
                let rights = "a transaction of dynamodb:PutItem and dynamodb:DeleteItem";
                Err(fault(error, rights, &self.table, deployment_key))
            }
        }
    }
}

impl Store for Dynamo {
    async fn plan(&self) -> Result<Vec<String>, Error> {
        table::plan(&self.client, &self.table).await
    }

    async fn migrate(&self) -> Result<(), Error> {
        table::migrate(&self.client, &self.table).await
    }

    async fn load(&self, deployment_key: &str, part: Option<&str>) -> Result<Loaded, Error> {
        let deployment = self.get(deployment_key, rows::DEPLOYMENT.to_owned());
        let (deployment, object) = match part {
            Some(part) => {
                tokio::try_join!(deployment, self.get(deployment_key, rows::object(part)))?
            }
            None => (deployment.await?, None),
        };
        Ok(Loaded {
            deployment: deployment.map(|item| rows::read(item, &self.table)).transpose()?,
            object: object.map(|item| rows::read(item, &self.table)).transpose()?,
        })
    }

    async fn commit(&self, change: &Change) -> Result<Commit, Error> {
        let (key, mut writes) = rows::writes(change, &self.table)?;
        match (writes.pop(), writes.is_empty()) {
            (None, _) => Ok(Commit::Written),
            (Some(TransactWriteItem { put: Some(put), .. }), true) => self.put(put, key).await,
            (Some(last), _) => {
                writes.push(last);
                self.transact(writes, key).await
            }
        }
    }

    async fn objects(&self, deployment_key: &str) -> Result<Vec<ObjectState>, Error> {
        let items = self.partition(deployment_key, rows::OBJECT, false).await?;
        items.into_iter().map(|item| rows::read(item, &self.table)).collect()
    }

    async fn blob(
        &self,
        kind: BlobKind,
        deployment_key: &str,
        part: &str,
    ) -> Result<Option<Blob>, Error> {
        let item = self.get(deployment_key, rows::blob(kind, part)).await?;
        item.map(|item| rows::read_blob(item, &self.table)).transpose()
    }

    async fn deployments(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        list::deployments(&self.client, &self.table, filter, cursor, limit).await
    }

    async fn delete(&self, deployment_key: &str) -> Result<(), Error> {
        let mut last = None;
        for mut item in self.partition(deployment_key, "", true).await? {
            let Some(row) = item.remove(rows::SORT) else { continue };
            let name = row.as_s().map_or("", String::as_str);
            if name == rows::DEPLOYMENT {
                last = Some(row);
            } else if !name.starts_with(entries::ENTRY) {
                self.remove(deployment_key, row).await?;
            }
        }
        match last {
            Some(row) => self.remove(deployment_key, row).await,
            None => Ok(()),
        }
    }
}
