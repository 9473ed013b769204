//! Entries: items in a partition of their kind, with their value as JSON in text.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Put};
use logmill_metadata::{
    Commit, Entries, Entry, EntryKind, Error, ErrorKind, check_limit, check_name,
};

use crate::fault::fault;
use crate::rows::{self, PARTITION, REVISION, SORT};
use crate::{Dynamo, Item};

/// How the sort keys of entries begin.
pub(crate) const ENTRY: &str = "entry#";
/// Comes after every sort key of an entry.
const AFTER_ENTRIES: &str = "entry$";
const VALUE: &str = "value";

fn sort(name: &str) -> String {
    format!("{ENTRY}{name}")
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn read(kind: EntryKind, item: &Item, table: &str) -> Result<Entry, Error> {
    let read = || {
        let name = item.get(SORT)?.as_s().ok()?.strip_prefix(ENTRY)?.to_owned();
        let revision = item.get(REVISION)?.as_n().ok()?.parse().ok()?;
        let value = serde_json::from_str(item.get(VALUE)?.as_s().ok()?).ok()?;
        Some(Entry { kind, name, revision, value })
    };
    read().ok_or_else(|| {
        let message = format!(
            "an entry ({}) of table {table} is not as Logmill writes it: {item:?}; delete it, or \
             restore the table",
            kind.as_str()
        );
        Error::new(ErrorKind::Damaged, message)
    })
}

impl Dynamo {
    fn write(&self, entry: &Entry) -> Result<Put, BuildError> {
        let item = Item::from([
            (PARTITION.to_owned(), text(entry.kind.as_str())),
            (SORT.to_owned(), text(sort(&entry.name))),
            (REVISION.to_owned(), AttributeValue::N(entry.revision.to_string())),
            (VALUE.to_owned(), text(entry.value.to_string())),
        ]);
        rows::over_the_revision_before(self.table(), item, entry.revision)
    }
}

impl Entries for Dynamo {
    async fn entry(&self, kind: EntryKind, name: &str) -> Result<Option<Entry>, Error> {
        check_name(kind, name)?;
        let item = self.get(kind.as_str(), sort(name)).await?;
        item.map(|item| read(kind, &item, self.table())).transpose()
    }

    async fn put_entry(&self, entry: &Entry) -> Result<Commit, Error> {
        check_name(entry.kind, &entry.name)?;
        let put = self.write(entry).map_err(rows::incomplete)?;
        self.put(put, &entry.name).await
    }

    async fn delete_entry(&self, kind: EntryKind, name: &str) -> Result<(), Error> {
        check_name(kind, name)?;
        self.remove(kind.as_str(), text(sort(name))).await
    }

    async fn entries(
        &self,
        kind: EntryKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        check_limit(limit)?;
        // Nothing stands between a name and itself with a NUL behind.
        let first = after.map_or_else(|| sort(""), |after| format!("{}\0", sort(after)));
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let left = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let output = self
                .client
                .query()
                .table_name(self.table())
                .consistent_read(true)
                .key_condition_expression("#key = :key AND #row BETWEEN :first AND :last")
                .expression_attribute_names("#key", PARTITION)
                .expression_attribute_names("#row", SORT)
                .expression_attribute_values(":key", text(kind.as_str()))
                .expression_attribute_values(":first", text(first.clone()))
                .expression_attribute_values(":last", text(AFTER_ENTRIES))
                .limit(left)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| fault(error, "dynamodb:Query", self.table(), kind.as_str()))?;
            for item in output.items.unwrap_or_default() {
                found.push(read(kind, &item, self.table())?);
            }
            match output.last_evaluated_key {
                Some(key) if found.len() < limit => start = Some(key),
                _ => return Ok(found),
            }
        }
    }
}
