//! The table itself: made where it is missing, refused where it has another shape.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, Projection, ProjectionType,
    ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use logmill_metadata::{Error, ErrorKind};

use crate::fault::fault;
use crate::rows;

/// The index of statuses.
pub(crate) const BY_STATUS: &str = "by-status";
/// The index of applications.
pub(crate) const BY_APPLICATION: &str = "by-application";

/// Name, partition key and sort key of each index.
const INDEXES: [(&str, &str, &str); 2] =
    [(BY_STATUS, "status", rows::PLACE), (BY_APPLICATION, rows::APPLICATION, rows::PLACE)];

/// How often a new table is looked at until it is active.
const LOOKS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(500);

/// What [`migrate`] would do.
pub(crate) async fn plan(client: &Client, table: &str) -> Result<Vec<String>, Error> {
    let mut steps = Vec::new();
    match describe(client, table).await? {
        None => {
            let indexes: Vec<_> = INDEXES.iter().map(|(name, ..)| *name).collect();
            steps.push(format!("make the table {table} with the indexes {}", indexes.join(", ")));
            steps.push(format!("let rows of {table} expire by {}", rows::EXPIRES));
            steps.push(format!("keep backups of {table} to any point in time"));
        }
        Some(found) => {
            check(table, &found)?;
            if !expires(client, table).await? {
                steps.push(format!("let rows of {table} expire by {}", rows::EXPIRES));
            }
            if backups(client, table).await? == Some(false) {
                steps.push(format!("keep backups of {table} to any point in time"));
            }
        }
    }
    Ok(steps)
}

pub(crate) async fn migrate(client: &Client, table: &str) -> Result<(), Error> {
    let mut looked = 0;
    let description = loop {
        match describe(client, table).await? {
            None if looked == 0 => create(client, table).await?,
            Some(found) if found.table_status == Some(TableStatus::Active) => break found,
            _ if looked >= LOOKS => {
                let message = format!("table {table} was not active in time; migrate again");
                return Err(Error::new(ErrorKind::Unavailable, message));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
        looked += 1;
    };
    check(table, &description)?;
    expire(client, table).await?;
    recoverable(client, table).await
}

async fn describe(client: &Client, table: &str) -> Result<Option<TableDescription>, Error> {
    match client.describe_table().table_name(table).send().await {
        Ok(output) => Ok(output.table),
        Err(error) => match error.as_service_error() {
            Some(DescribeTableError::ResourceNotFoundException(_)) => Ok(None),
            _ => Err(fault(error, "dynamodb:DescribeTable", table, "the table")),
        },
    }
}

async fn create(client: &Client, table: &str) -> Result<(), Error> {
    let incomplete = |error: BuildError| {
        Error::new(ErrorKind::Other, "a request to DynamoDB is incomplete").caused_by(error)
    };
    let schema = |partition: &str, sort: &str| -> Result<Vec<KeySchemaElement>, BuildError> {
        [(partition, KeyType::Hash), (sort, KeyType::Range)]
            .into_iter()
            .map(|(name, kind)| {
                KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
            })
            .collect()
    };
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(schema(rows::PARTITION, rows::SORT).map_err(incomplete)?));
    for name in [rows::PARTITION, rows::SORT, "status", rows::APPLICATION, rows::PLACE] {
        let definition = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        request = request.attribute_definitions(definition.build().map_err(incomplete)?);
    }
    for (name, partition, sort) in INDEXES {
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(schema(partition, sort).map_err(incomplete)?))
            .projection(Projection::builder().projection_type(ProjectionType::All).build());
        request = request.global_secondary_indexes(index.build().map_err(incomplete)?);
    }
    match request.send().await {
        Ok(_) => Ok(()),
        // Somebody else makes it just now.
        Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
        Err(error) => Err(fault(error, "dynamodb:CreateTable", table, "the table")),
    }
}

/// A key schema as words, in order: partition key, sort key.
fn words(schema: &[KeySchemaElement]) -> String {
    let name = |kind: &KeyType| {
        schema
            .iter()
            .find(|element| element.key_type == *kind)
            .map_or("none", |element| element.attribute_name.as_str())
    };
    format!("{}, {}", name(&KeyType::Hash), name(&KeyType::Range))
}

fn check(table: &str, description: &TableDescription) -> Result<(), Error> {
    let mut faults = Vec::new();
    let found = words(description.key_schema());
    let wanted = format!("{}, {}", rows::PARTITION, rows::SORT);
    if found != wanted {
        faults.push(format!("its key is ({found}), not ({wanted})"));
    }
    let found: BTreeSet<_> = description
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            let name = index.index_name().unwrap_or_default();
            format!("{name} ({})", words(index.key_schema()))
        })
        .collect();
    for (name, partition, sort) in INDEXES {
        let wanted = format!("{name} ({partition}, {sort})");
        if !found.contains(&wanted) {
            faults.push(format!("it has no index {wanted}"));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let message = format!(
        "table {table} is of another shape: {}; choose another prefix (LOGMILL_TABLE_PREFIX), or \
         move that table away",
        faults.join("; ")
    );
    Err(Error::new(ErrorKind::WrongShape, message))
}

/// Whether rows expire.
async fn expires(client: &Client, table: &str) -> Result<bool, Error> {
    let output = client
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await
        .map_err(|error| fault(error, "dynamodb:DescribeTimeToLive", table, "the table"))?;
    let status = output.time_to_live_description.and_then(|ttl| ttl.time_to_live_status);
    Ok(matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)))
}

async fn expire(client: &Client, table: &str) -> Result<(), Error> {
    if expires(client, table).await? {
        return Ok(());
    }
    let incomplete = |error: BuildError| {
        Error::new(ErrorKind::Other, "a request to DynamoDB is incomplete").caused_by(error)
    };
    let ttl = TimeToLiveSpecification::builder().attribute_name(rows::EXPIRES).enabled(true);
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(ttl.build().map_err(incomplete)?)
        .send()
        .await
        .map(drop)
        .map_err(|error| fault(error, "dynamodb:UpdateTimeToLive", table, "the table"))
}

/// Whether the table can be restored to any point in time; none where the engine has no backups,
/// as local ones have not.
async fn backups(client: &Client, table: &str) -> Result<Option<bool>, Error> {
    match client.describe_continuous_backups().table_name(table).send().await {
        Ok(output) => {
            let status = output
                .continuous_backups_description
                .and_then(|backups| backups.point_in_time_recovery_description)
                .and_then(|recovery| recovery.point_in_time_recovery_status);
            Ok(Some(status == Some(PointInTimeRecoveryStatus::Enabled)))
        }
        Err(error) if error.code() == Some("UnknownOperationException") => Ok(None),
        Err(error) => Err(fault(error, "dynamodb:DescribeContinuousBackups", table, "the table")),
    }
}

async fn recoverable(client: &Client, table: &str) -> Result<(), Error> {
    match backups(client, table).await? {
        Some(true) => return Ok(()),
        Some(false) => {}
        None => {
            tracing::info!(table, "this endpoint knows no point-in-time recovery; left out");
            return Ok(());
        }
    }
    let incomplete = |error: BuildError| {
        Error::new(ErrorKind::Other, "a request to DynamoDB is incomplete").caused_by(error)
    };
    let wanted = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
    let sent = client
        .update_continuous_backups()
        .table_name(table)
        .point_in_time_recovery_specification(wanted.build().map_err(incomplete)?)
        .send()
        .await;
    match sent {
        Ok(_) => Ok(()),
        // Local engines have no backups.
        Err(error) if error.code() == Some("UnknownOperationException") => {
            tracing::debug!(table, "this endpoint knows no point-in-time recovery");
            Ok(())
        }
        Err(error) => Err(fault(error, "dynamodb:UpdateContinuousBackups", table, "the table")),
    }
}
