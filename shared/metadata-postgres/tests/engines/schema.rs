//! Tables that are not as this Logmill makes them.

use logmill_metadata::{
    Entries as _, EntryKind, ErrorKind, Facts, Metadata as _, Store as _, Witness,
};
use logmill_model::Timestamp;
use sqlx::AssertSqlSafe;

use crate::{address, admin, database, execute, made, prefix, store};

async fn columns(table: &str) -> Vec<String> {
    let asked = format!(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('{table}') \
         AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    );
    let mut connection = admin(database().await).await;
    sqlx::query_scalar(AssertSqlSafe(asked)).fetch_all(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    let (database, prefix) = (database().await, prefix());
    let table = format!("\"{prefix}deployment_metadata\"");
    execute(database, &format!("CREATE TABLE {table} (id int, deployment_key text)")).await;
    let store = store(&address(database), &prefix);
    for error in [store.plan().await.unwrap_err(), store.migrate().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::WrongShape);
        let message = error.to_string();
        for word in [table.as_str(), "revision", "LOGMILL_TABLE_PREFIX"] {
            assert!(message.contains(word), "no {word} in: {message}");
        }
    }
    assert_eq!(columns(&table).await, ["id", "deployment_key"]);
    assert_eq!(columns(&format!("\"{prefix}deployment_objects\"")).await, [""; 0]);
}

#[tokio::test]
async fn a_column_that_was_dropped_is_named() {
    let (store, prefix) = made().await;
    let drop = format!("ALTER TABLE \"{prefix}deployment_metadata\" DROP COLUMN branch");
    execute(database().await, &drop).await;
    let error = store.load("key", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongShape, "{error}");
    let error = store.migrate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongShape);
    assert!(error.to_string().contains("has no column branch"), "{error}");
}

/// Who deployed the first version and upgrades keeps every row, and gets what is new.
#[tokio::test]
async fn tables_of_the_first_version_are_brought_up_to_date() {
    let (store, prefix) = made().await;
    let now = Timestamp::now();
    store.upsert_facts("key", &Facts::default(), Witness::Source, now).await.unwrap();
    let database = database().await;
    execute(database, &format!("DROP TABLE \"{prefix}logmill_entries\"")).await;
    execute(database, &format!("DELETE FROM \"{prefix}logmill_schema\" WHERE version > 1")).await;
    let plan = store.plan().await.unwrap();
    assert!(plan[0].contains("version 2") && plan[0].contains("entries"), "{plan:?}");
    store.migrate().await.unwrap();
    assert!(store.plan().await.unwrap().is_empty());
    assert!(store.deployment("key").await.unwrap().is_some());
    assert_eq!(store.entry(EntryKind::Archived, "none").await.unwrap(), None);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_not_set_back() {
    let (store, prefix) = made().await;
    let row = format!(
        "INSERT INTO \"{prefix}logmill_schema\" (version, description, success, checksum, \
         execution_time) VALUES (99, 'of the future', true, '', 0)"
    );
    execute(database().await, &row).await;
    for error in [store.plan().await.unwrap_err(), store.migrate().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::WrongShape);
        let message = error.to_string();
        assert!(message.contains("version 99") && message.contains("newer"), "{message}");
    }
}

#[tokio::test]
async fn two_who_migrate_at_once_make_the_tables_once() {
    let (database, prefix) = (database().await, prefix());
    let stores = [(); 6].map(|()| store(&address(database), &prefix));
    let mut running = tokio::task::JoinSet::new();
    for store in stores {
        running.spawn(async move { store.migrate().await });
    }
    for done in running.join_all().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn checkpoints_that_nobody_continues_from_go_after_their_time() {
    let (store, prefix) = made().await;
    let database = database().await;
    let row = |key: &str, expires: &str| {
        format!(
            "INSERT INTO \"{prefix}deployment_checkpoints\" VALUES ('{key}', '', 'g', '', {expires});"
        )
    };
    let rows = row("old", "now() - interval '1 minute'") + &row("new", "now() + interval '1 day'");
    execute(database, &rows).await;
    store.migrate().await.unwrap();
    let kind = logmill_metadata::BlobKind::Checkpoint;
    assert_eq!(store.blob(kind, "old", "").await.unwrap(), None);
    assert!(store.blob(kind, "new", "").await.unwrap().is_some());
}

#[tokio::test]
async fn a_row_that_somebody_spoiled_is_named() {
    let (store, prefix) = made().await;
    store
        .upsert_facts("spoiled", &Facts::default(), Witness::Log, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    let spoil = format!("UPDATE \"{prefix}deployment_metadata\" SET tally = '7'");
    execute(database().await, &spoil).await;
    let error = store.deployment("spoiled").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
    assert!(error.to_string().contains("\"spoiled\""), "{error}");
}
