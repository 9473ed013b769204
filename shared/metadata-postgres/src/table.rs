//! The tables: their columns in one order, and the statements on them.

use std::sync::Arc;

use logmill_metadata::BlobKind;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::entries;

/// The columns of a deployment that are read, in the order of [`crate::rows::read_deployment`].
pub(crate) const DEPLOYMENT: [&str; 20] = [
    "deployment_key",
    "revision",
    "s3_path",
    "status",
    "status_since",
    "created_at",
    "seen_at",
    "processed_at",
    "application_name",
    "deployment_type",
    "source",
    "run",
    "commit",
    "branch",
    "actor",
    "objects_expected",
    "result",
    "error",
    "error_part",
    "tally",
];

/// The columns of an object that are read, in the order of [`crate::rows::read_object`].
pub(crate) const OBJECT: [&str; 19] = [
    "deployment_key",
    "revision",
    "part",
    "object_key",
    "status",
    "etag",
    "sequencer",
    "last_modified",
    "lease_owner",
    "lease_until",
    "attempts",
    "continuations",
    "replays",
    "result",
    "error",
    "ended_by",
    "bytes_read",
    "bytes",
    "status_since",
];

/// The columns that are only written: after those that are read.
pub(crate) const DEPLOYMENT_WRITTEN: [&str; 2] = ["change_id", "place"];
/// The same of an object.
pub(crate) const OBJECT_WRITTEN: [&str; 2] = ["change_id", "part_key"];
/// The columns of a summary or a checkpoint.
pub(crate) const BLOB: [&str; 5] =
    ["deployment_key", "part_key", "generation", "bytes", "expires_at"];

/// The names of the tables, quoted.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) deployments: String,
    pub(crate) objects: String,
    pub(crate) summaries: String,
    pub(crate) checkpoints: String,
    pub(crate) entries: String,
    pub(crate) versions: String,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        let quoted = |name: &str| format!("\"{prefix}{name}\"");
        Self {
            deployments: quoted("deployment_metadata"),
            objects: quoted("deployment_objects"),
            summaries: quoted("deployment_summaries"),
            checkpoints: quoted("deployment_checkpoints"),
            entries: quoted("logmill_entries"),
            versions: quoted("logmill_schema"),
        }
    }

    /// The version that made each table, the table, and the columns that it must have.
    pub(crate) fn columns(&self) -> [(i64, &str, Vec<&'static str>); 5] {
        [
            (1, &self.deployments, [&DEPLOYMENT[..], &DEPLOYMENT_WRITTEN].concat()),
            (1, &self.objects, [&OBJECT[..], &OBJECT_WRITTEN].concat()),
            (1, &self.summaries, BLOB.to_vec()),
            (1, &self.checkpoints, BLOB.to_vec()),
            (2, &self.entries, entries::COLUMNS.to_vec()),
        ]
    }
}

/// The statements, prepared once by each connection.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) load_deployment: SqlStr,
    pub(crate) load_both: SqlStr,
    pub(crate) objects: SqlStr,
    pub(crate) insert_deployment: SqlStr,
    pub(crate) update_deployment: SqlStr,
    pub(crate) insert_object: SqlStr,
    pub(crate) update_object: SqlStr,
    pub(crate) written_deployment: SqlStr,
    pub(crate) written_object: SqlStr,
    pub(crate) delete: [SqlStr; 4],
    pub(crate) sweep: SqlStr,
    pub(crate) entries: entries::Statements,
    summary: BlobStatements,
    checkpoint: BlobStatements,
}

/// Those on summaries or checkpoints.
#[derive(Debug)]
pub(crate) struct BlobStatements {
    pub(crate) get: SqlStr,
    pub(crate) put: SqlStr,
    pub(crate) delete: SqlStr,
}

/// A statement made of the names above and of nothing that came from outside.
pub(crate) fn sql(text: String) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
}

fn list(alias: &str, columns: &[&str]) -> String {
    let columns: Vec<_> = columns.iter().map(|name| format!("{alias}\"{name}\"")).collect();
    columns.join(", ")
}

fn parameters(from: usize, to: usize) -> String {
    let numbers: Vec<_> = (from..=to).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

/// Makes a row, if there is none.
fn insert(table: &str, columns: &[&str]) -> SqlStr {
    sql(format!(
        "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT DO NOTHING RETURNING revision",
        list("", columns),
        parameters(1, columns.len())
    ))
}

/// Writes a row over the revision before: `$1` is the key, `$2` the new revision.
fn update(table: &str, columns: &[&str], and: &str) -> SqlStr {
    sql(format!(
        "UPDATE {table} SET ({}) = ({}) WHERE deployment_key = $1 AND revision = $2 - 1{and} \
         RETURNING revision",
        list("", &columns[1..]),
        parameters(2, columns.len())
    ))
}

impl Statements {
    pub(crate) fn new(names: &Names) -> Self {
        let Names { deployments, objects, summaries, checkpoints, .. } = names;
        let deployment = [&DEPLOYMENT[..], &DEPLOYMENT_WRITTEN].concat();
        let object = [&OBJECT[..], &OBJECT_WRITTEN].concat();
        let part_key = format!(" AND part_key = ${}", object.len());
        let delete = |table: &str| sql(format!("DELETE FROM {table} WHERE deployment_key = $1"));
        Self {
            load_deployment: sql(format!(
                "SELECT {} FROM {deployments} d WHERE deployment_key = $1",
                list("d.", &DEPLOYMENT)
            )),
            load_both: sql(format!(
                "SELECT {}, {} FROM (SELECT 1) one \
                 LEFT JOIN {deployments} d ON d.deployment_key = $1 \
                 LEFT JOIN {objects} o ON o.deployment_key = $1 AND o.part_key = $2",
                list("d.", &DEPLOYMENT),
                list("o.", &OBJECT)
            )),
            objects: sql(format!(
                "SELECT {} FROM {objects} o WHERE deployment_key = $1 ORDER BY part, part_key",
                list("o.", &OBJECT)
            )),
            insert_deployment: insert(deployments, &deployment),
            update_deployment: update(deployments, &deployment, ""),
            insert_object: insert(objects, &object),
            update_object: update(objects, &object, &part_key),
            written_deployment: sql(format!(
                "SELECT 1 FROM {deployments} WHERE deployment_key = $1 AND change_id = $2"
            )),
            written_object: sql(format!(
                "SELECT 1 FROM {objects} WHERE deployment_key = $1 AND change_id = $2 \
                 AND part_key = $3"
            )),
            delete: [summaries, checkpoints, objects, deployments].map(|table| delete(table)),
            sweep: sql(format!("DELETE FROM {checkpoints} WHERE expires_at < $1")),
            entries: entries::Statements::new(&names.entries),
            summary: BlobStatements::new(summaries),
            checkpoint: BlobStatements::new(checkpoints),
        }
    }

    pub(crate) const fn blob(&self, kind: BlobKind) -> &BlobStatements {
        match kind {
            BlobKind::Summary => &self.summary,
            BlobKind::Checkpoint => &self.checkpoint,
        }
    }
}

impl BlobStatements {
    fn new(table: &str) -> Self {
        let one = "WHERE deployment_key = $1 AND part_key = $2";
        Self {
            get: sql(format!("SELECT generation, bytes FROM {table} {one}")),
            put: sql(format!(
                "INSERT INTO {table} ({}) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (deployment_key, part_key) DO UPDATE SET \
                 generation = excluded.generation, bytes = excluded.bytes, \
                 expires_at = excluded.expires_at",
                list("", &BLOB)
            )),
            delete: sql(format!("DELETE FROM {table} {one}")),
        }
    }
}
