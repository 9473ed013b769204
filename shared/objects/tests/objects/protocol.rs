//! What every S3 endpoint must do for us.

use std::collections::BTreeMap;
use std::io::Write as _;

use logmill_objects::{Content, ErrorKind, GetOptions, PutOptions};

use crate::harness::Store;

async fn read(store: &Store, key: &str, options: GetOptions) -> Vec<u8> {
    let body = store.objects.get(&store.bucket, key, options).await.unwrap();
    body.collect(u64::MAX).await.unwrap().to_vec()
}

#[tokio::test]
async fn a_log_comes_back_with_what_was_said_of_it() {
    let store = Store::start("said-of-it").await;
    let user_metadata = BTreeMap::from([
        ("deployment-key".to_owned(), "git hub/häß%20 +1".to_owned()),
        ("created-at".to_owned(), "2026-03-09T10:00:00Z".to_owned()),
    ]);
    let options = PutOptions {
        user_metadata: user_metadata.clone(),
        content_type: Some("text/plain".to_owned()),
        ..PutOptions::default()
    };
    let key = "a b+c%20ä/../x.log";
    let put = store.objects.put(&store.bucket, key, b"one\n".to_vec(), options).await.unwrap();
    let head = store.objects.head(&store.bucket, key).await.unwrap();
    assert_eq!((head.size, &head.user_metadata), (4, &user_metadata));
    assert_eq!(head.etag, put.etag);
    assert!(!head.etag.contains('"') && head.last_modified.as_second() > 1_600_000_000);
    assert_eq!(read(&store, key, GetOptions::default()).await, b"one\n");
    let body = store.objects.get(&store.bucket, key, GetOptions::default()).await.unwrap();
    assert_eq!(body.head(), &head);
}

#[tokio::test]
async fn a_log_that_is_gone_or_another_is_told_apart() {
    let store = Store::start("told-apart").await;
    let (objects, bucket) = (&store.objects, store.bucket.as_str());
    let missing = objects.head(bucket, "a.log").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let missing = objects.get(bucket, "a.log", GetOptions::default()).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let nowhere = objects.get("no-such-bucket-here", "a.log", GetOptions::default()).await;
    assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::NotFound);

    let first = objects.put(bucket, "a.log", b"1".to_vec(), PutOptions::default()).await.unwrap();
    let of_first = || GetOptions { if_match: Some(first.etag.clone()), ..GetOptions::default() };
    assert_eq!(read(&store, "a.log", of_first()).await, b"1");
    objects.put(bucket, "a.log", b"2".to_vec(), PutOptions::default()).await.unwrap();
    let changed = objects.get(bucket, "a.log", of_first()).await.unwrap_err();
    assert_eq!(changed.kind(), ErrorKind::Changed);

    objects.delete(bucket, "a.log").await.unwrap();
    objects.delete(bucket, "a.log").await.unwrap();
    assert_eq!(objects.head(bucket, "a.log").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn of_two_writers_one_wins() {
    let store = Store::start("two-writers").await;
    let (objects, bucket) = (&store.objects, store.bucket.as_str());
    let new = || PutOptions { if_none_match: true, ..PutOptions::default() };
    let first = objects.put(bucket, "a", b"1".to_vec(), new()).await.unwrap();
    let late = objects.put(bucket, "a", b"2".to_vec(), new()).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Changed);
    let over = |etag: &str| PutOptions { if_match: Some(etag.to_owned()), ..PutOptions::default() };
    objects.put(bucket, "a", b"3".to_vec(), over(&first.etag)).await.unwrap();
    let late = objects.put(bucket, "a", b"4".to_vec(), over(&first.etag)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Changed);
    assert_eq!(read(&store, "a", GetOptions::default()).await, b"3");
}

#[tokio::test]
async fn parts_of_a_log_are_read_and_an_empty_one_is_empty() {
    let store = Store::start("parts-of-a-log").await;
    let (objects, bucket) = (&store.objects, store.bucket.as_str());
    objects.put(bucket, "a", b"0123456789".to_vec(), PutOptions::default()).await.unwrap();
    let range = |range| GetOptions { range: Some(range), ..GetOptions::default() };
    assert_eq!(read(&store, "a", range(2..5)).await, b"234");
    assert_eq!(read(&store, "a", range(8..99)).await, b"89");
    let body = objects.get(bucket, "a", range(2..5)).await.unwrap();
    assert_eq!(body.head().size, 10);
    assert_eq!(body.collect(2).await.unwrap_err().kind(), ErrorKind::Other);
    objects.put(bucket, "empty", Vec::new(), PutOptions::default()).await.unwrap();
    assert_eq!(read(&store, "empty", GetOptions::default()).await, b"");
}

#[tokio::test]
async fn a_large_file_arrives_whole_and_its_conditions_hold() {
    let store = Store::start("large-file").await;
    let (objects, bucket) = (&store.objects, store.bucket.as_str());
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<u8> = (0_u32..3000).flat_map(|n| format!("{n:6000}").into_bytes()).collect();
    assert!(lines.len() > 17_000_000, "more than one part");
    file.write_all(&lines).unwrap();
    let content = || Content::from(file.path().to_owned());
    let user_metadata = BTreeMap::from([("part".to_owned(), "ü 1".to_owned())]);
    let options = PutOptions { user_metadata, if_none_match: true, ..PutOptions::default() };
    objects.put(bucket, "large.log", content(), options.clone()).await.unwrap();
    let head = objects.head(bucket, "large.log").await.unwrap();
    assert_eq!((head.size, head.user_metadata["part"].as_str()), (lines.len() as u64, "ü 1"));
    let mut body = objects.get(bucket, "large.log", GetOptions::default()).await.unwrap();
    let mut at = 0;
    while let Some(piece) = body.next().await.unwrap() {
        assert!(lines[at..].starts_with(&piece), "differs after {at}");
        at += piece.len();
    }
    assert_eq!(at, lines.len());
    let again = objects.put(bucket, "large.log", content(), options).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Changed);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let store = Store::start("not-there").await;
    let path = std::path::PathBuf::from("/nonexistent/a.log");
    let put = store.objects.put(&store.bucket, "a", path, PutOptions::default()).await;
    let error = put.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().contains("/nonexistent/a.log"), "{error}");
}

#[tokio::test]
async fn a_list_misses_nothing_and_a_bucket_is_made_once() {
    let store = Store::start("misses-nothing").await;
    let (objects, bucket) = (&store.objects, store.bucket.as_str());
    objects.create_bucket(bucket).await.unwrap();
    for key in ["a/1", "a/2", "a/3", "b/1", "a"] {
        objects.put(bucket, key, key.as_bytes().to_vec(), PutOptions::default()).await.unwrap();
    }
    let keys = async |prefix: &str, after: Option<&str>| {
        let page = objects.list(bucket, prefix, after).await.unwrap();
        assert_eq!(page.next, None);
        page.objects.into_iter().map(|object| object.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("a/", None).await, ["a/1", "a/2", "a/3"]);
    assert_eq!(keys("a/", Some("a/1")).await, ["a/2", "a/3"]);
    assert_eq!(keys("", None).await, ["a", "a/1", "a/2", "a/3", "b/1"]);
    let error = objects.list("no-such-bucket-here", "", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
