//! What people find who look into the tables by SQL.

use logmill_metadata::{Facts, Metadata as _, Witness};
use logmill_model::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};

use crate::{admin, database, made};

#[tokio::test]
async fn text_with_nul_is_kept_without_it_and_names_with_it_stay_apart() {
    let (store, prefix) = made().await;
    let facts = |name: &str| Facts { application_name: Some(name.to_owned()), ..Facts::default() };
    let now = Timestamp::UNIX_EPOCH;
    store.upsert_facts("a\0b", &facts("sh\0op"), Witness::Source, now).await.unwrap();
    store.upsert_facts("ab", &facts("bank"), Witness::Source, now).await.unwrap();
    let row = store.deployment("a\0b").await.unwrap().unwrap();
    assert_eq!(
        (row.deployment_key.as_str(), row.application_name.as_deref()),
        ("a\0b", Some("shop"))
    );
    let other = store.deployment("ab").await.unwrap().unwrap();
    assert_eq!(other.application_name.as_deref(), Some("bank"));
    let asked = format!("SELECT deployment_key FROM \"{prefix}deployment_metadata\" ORDER BY id");
    let mut connection = admin(database().await).await;
    let keys: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(asked)).fetch_all(&mut connection).await.unwrap();
    assert_eq!(keys, ["a\u{2400}0b", "ab"]);
}

#[tokio::test]
async fn a_row_is_readable_by_its_columns() {
    let (store, prefix) = made().await;
    let facts = Facts {
        created_at: Some("2026-03-01T12:00:00.123456Z".parse().unwrap()),
        application_name: Some("shop".to_owned()),
        commit: Some("c0ffee".to_owned()),
        objects_expected: Some(3),
        ..Facts::default()
    };
    store.upsert_facts("run-1", &facts, Witness::Source, Timestamp::UNIX_EPOCH).await.unwrap();
    let asked = format!(
        "SELECT id, deployment_key, status, application_name, \"commit\", objects_expected, \
         to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), place \
         FROM \"{prefix}deployment_metadata\""
    );
    let mut connection = admin(database().await).await;
    let row = sqlx::query(AssertSqlSafe(asked)).fetch_one(&mut connection).await.unwrap();
    let text = |at: usize| row.get::<String, _>(at);
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(5)), (1, 3));
    assert_eq!([text(1), text(2), text(3), text(4)], ["run-1", "PENDING", "shop", "c0ffee"]);
    assert_eq!(text(6), "2026-03-01 12:00:00.123456");
    assert_eq!(text(7), "2026-03-01T12:00:00.123Z#run-1");
}
