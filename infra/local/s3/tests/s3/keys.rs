//! Every key that S3 allows, and listings of them.

use crate::{code, serve};

/// Keys that file systems, URLs or SQL would spoil.
fn awkward() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a",
        "a/b",
        "a/b/c",
        "a/",
        "..",
        "../x",
        "./y",
        "a//b",
        "/lead",
        "trail/",
        "sp ace",
        "pl+us",
        "per%20cent",
        "100%",
        "que?ry",
        "ha#sh",
        "am&per",
        "q'uote\"",
        "back\\slash",
        "ünïcödé",
        "日本/語.log",
        "😀",
        "a=b",
        "year=2026/month=11/x.log",
        "semi;colon",
        "co:lon",
        "tab\there",
        "(par)",
        "[br]",
        "{cu}",
        "~tilde",
        "*star",
        "@at!",
        "$dollar,comma",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push("k".repeat(1024));
    keys.push(format!("{}/é", "d/".repeat(500)));
    keys
}

#[tokio::test]
async fn every_legal_key_keeps_its_own_content() {
    let served = serve().await;
    for key in awkward() {
        served.put(&key, &format!("<{key}>")).await;
    }
    for key in awkward() {
        assert_eq!(served.get(&key).await, format!("<{key}>"));
    }
    let listed = served.client.list_objects_v2().bucket("logs").send().await.unwrap();
    let mut expected = awkward();
    expected.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let found: Vec<_> = listed.contents().iter().map(|o| o.key().unwrap().to_owned()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_key_of_1025_bytes_is_refused() {
    let served = serve().await;
    let put = served.client.put_object().bucket("logs").key("k".repeat(1025));
    assert_eq!(code(&put.send().await.unwrap_err()), "KeyTooLongError");
}

#[tokio::test]
async fn pages_of_any_size_give_each_item_once() {
    let served = serve().await;
    let keys = ["a", "b/", "b/1", "b/2", "c/x/1", "c/y", "d", "e/1", "f"];
    for key in keys {
        served.put(key, "").await;
    }
    for size in 1..=10 {
        let mut items = Vec::new();
        let list = served.client.list_objects_v2().bucket("logs").delimiter("/").max_keys(size);
        let mut pages = list.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            assert!(page.key_count().unwrap() <= size);
            items.extend(page.contents().iter().map(|o| o.key().unwrap().to_owned()));
            items.extend(page.common_prefixes().iter().map(|p| p.prefix().unwrap().to_owned()));
        }
        items.sort_unstable();
        assert_eq!(items, ["a", "b/", "c/", "d", "e/", "f"], "pages of {size}");
    }
    let list = served.client.list_objects_v2().bucket("logs").prefix("b/").start_after("b/1");
    let list = list.send().await.unwrap();
    assert_eq!(list.contents().iter().map(|o| o.key().unwrap()).collect::<Vec<_>>(), ["b/2"]);
}

#[tokio::test]
async fn a_listing_may_have_its_names_encoded() {
    let served = serve().await;
    served.put("a b+ü/x", "").await;
    let list = served.client.list_objects().bucket("logs").encoding_type("url".into());
    let list = list.delimiter("/").send().await.unwrap();
    assert_eq!(list.common_prefixes()[0].prefix(), Some("a+b%2B%C3%BC/"));
}
