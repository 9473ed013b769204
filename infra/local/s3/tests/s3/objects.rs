//! Single objects: bodies, conditions, ranges, and who may ask.

use crate::{client, code, serve, serve_in, status};

#[tokio::test]
async fn a_put_into_a_missing_bucket_is_refused_and_leaves_no_file() {
    let served = serve().await;
    let put = served.client.put_object().bucket("nowhere").key("a");
    let error = put.body(b"x".to_vec().into()).send().await.unwrap_err();
    assert_eq!((code(&error).as_str(), status(&error)), ("NoSuchBucket", 404));
    assert_eq!(served.files(), 0);
}

#[tokio::test]
async fn what_was_put_comes_back_after_a_restart_with_its_metadata() {
    let served = serve().await;
    served
        .client
        .put_object()
        .bucket("logs")
        .key("a.log")
        .content_type("text/plain")
        .metadata("deployment-key", "gitlab-x-1")
        .body(b"hello".to_vec().into())
        .send()
        .await
        .unwrap();
    let moved = tempfile::TempDir::new().unwrap();
    copy_folder(served.folder.path(), moved.path());
    let again = serve_in(moved).await;
    let got = again.client.get_object().bucket("logs").key("a.log").send().await.unwrap();
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.metadata().unwrap()["deployment-key"], "gitlab-x-1");
    assert_eq!(got.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "hello");
}

/// A folder as a killed process would leave it: copied while the storage is open.
fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn files_of_a_killed_put_are_swept_at_the_next_start() {
    let served = serve().await;
    served.put("kept", "x").await;
    let moved = tempfile::TempDir::new().unwrap();
    copy_folder(served.folder.path(), moved.path());
    std::fs::write(moved.path().join("objects/tmp/half"), "half").unwrap();
    std::fs::write(moved.path().join("objects/00/0000"), "no row").unwrap();
    let again = serve_in(moved).await;
    assert_eq!(again.files(), 1);
    assert_eq!(again.get("kept").await, "x");
}

#[tokio::test]
async fn of_twenty_racing_first_writers_one_wins() {
    let served = serve().await;
    let mut racing = tokio::task::JoinSet::new();
    for writer in 0..20 {
        let put = served.client.put_object().bucket("logs").key("lease").if_none_match("*");
        racing.spawn(put.body(format!("{writer}").into_bytes().into()).send());
    }
    let (mut won, mut lost) = (0, 0);
    while let Some(done) = racing.join_next().await {
        match done.unwrap() {
            Ok(_) => won += 1,
            Err(error) => {
                assert_eq!((code(&error).as_str(), status(&error)), ("PreconditionFailed", 412));
                lost += 1;
            }
        }
    }
    assert_eq!((won, lost, served.files()), (1, 19, 1));
}

#[tokio::test]
async fn a_write_over_another_version_than_was_read_is_refused() {
    let served = serve().await;
    let old = served.put("a", "1").await;
    let put = |tag: &str| served.client.put_object().bucket("logs").key("a").if_match(tag);
    put(&old).body(b"2".to_vec().into()).send().await.unwrap();
    let error = put(&old).body(b"3".to_vec().into()).send().await.unwrap_err();
    assert_eq!(code(&error), "PreconditionFailed");
    assert_eq!(served.get("a").await, "2");
}

#[tokio::test]
async fn a_reader_gets_one_version_while_others_replace_it() {
    let served = serve().await;
    served.put("a", &"0".repeat(100_000)).await;
    let writer = served.client.clone();
    let writing = tokio::spawn(async move {
        for n in 1..30 {
            let body = (n % 10).to_string().repeat(100_000).into_bytes();
            writer.put_object().bucket("logs").key("a").body(body.into()).send().await.unwrap();
        }
    });
    while !writing.is_finished() {
        let text = served.get("a").await;
        assert_eq!(text.len(), 100_000);
        assert!(text.bytes().all(|byte| Some(byte) == text.bytes().next()));
    }
    writing.await.unwrap();
    assert_eq!(served.files(), 1);
}

#[tokio::test]
async fn ranges_are_those_of_the_object() {
    let served = serve().await;
    served.put("a", "0123456789").await;
    for (range, text, header) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=4-", "456789", "bytes 4-9/10"),
    ] {
        let got = served.client.get_object().bucket("logs").key("a").range(range);
        let got = got.send().await.unwrap();
        assert_eq!(got.content_range(), Some(header));
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), text);
    }
    let error = served.client.get_object().bucket("logs").key("a").range("bytes=10-");
    let error = error.send().await.unwrap_err();
    assert_eq!((code(&error).as_str(), status(&error)), ("InvalidRange", 416));
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let served = serve().await;
    let tag = served.put("a", "x").await;
    let get = || served.client.get_object().bucket("logs").key("a");
    assert_eq!(status(&get().if_none_match(&tag).send().await.unwrap_err()), 304);
    let error = get().if_match("\"other\"").send().await.unwrap_err();
    assert_eq!((code(&error).as_str(), status(&error)), ("PreconditionFailed", 412));
}

#[tokio::test]
async fn a_stranger_s_signature_is_refused() {
    let served = serve().await;
    for (access, secret, expected) in [
        ("logmill", "wrong", "SignatureDoesNotMatch"),
        ("nobody", "logmill-local", "InvalidAccessKeyId"),
    ] {
        let stranger = client(&served.endpoint, access, secret);
        let error = stranger.list_buckets().send().await.unwrap_err();
        assert_eq!((code(&error).as_str(), status(&error)), (expected, 403));
    }
}
