//! Uploads in parts, and copies.

use crate::{Served, code, serve};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

const PART: usize = 5 << 20;

async fn part(served: &Served, id: &str, number: i32, body: Vec<u8>) -> CompletedPart {
    let part = served.client.upload_part().bucket("logs").key("big").upload_id(id);
    let done = part.part_number(number).body(body.into()).send().await.unwrap();
    CompletedPart::builder().part_number(number).e_tag(done.e_tag().unwrap()).build()
}

async fn begin(served: &Served) -> String {
    let begun = served.client.create_multipart_upload().bucket("logs").key("big");
    begun.metadata("part", "x").send().await.unwrap().upload_id().unwrap().to_owned()
}

fn complete(
    served: &Served,
    id: &str,
    parts: Vec<CompletedPart>,
) -> aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder
{
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = served.client.complete_multipart_upload().bucket("logs").key("big");
    complete.upload_id(id).multipart_upload(parts)
}

#[tokio::test]
async fn parts_in_any_order_and_sent_twice_become_the_object() {
    let served = serve().await;
    let id = begin(&served).await;
    let last = part(&served, &id, 7, b"end".to_vec()).await;
    part(&served, &id, 2, vec![b'x'; PART]).await;
    let first = part(&served, &id, 2, vec![b'a'; PART]).await;
    let done = complete(&served, &id, vec![first, last]).send().await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""));
    let got = served.client.get_object().bucket("logs").key("big").send().await.unwrap();
    assert_eq!(got.metadata().unwrap()["part"], "x");
    let body = got.body.collect().await.unwrap().into_bytes();
    assert_eq!(body.len(), PART + 3);
    assert!(body.starts_with(b"aaa") && body.ends_with(b"aend"));
    // Nothing is left of the upload.
    assert_eq!(served.files(), 1);
    assert_eq!(code(&complete(&served, &id, vec![]).send().await.unwrap_err()), "NoSuchUpload");
}

#[tokio::test]
async fn a_wrong_completion_is_refused_and_can_be_mended() {
    let served = serve().await;
    let id = begin(&served).await;
    let small = part(&served, &id, 1, b"small".to_vec()).await;
    let next = part(&served, &id, 2, b"next".to_vec()).await;
    let missing = CompletedPart::builder().part_number(3).e_tag("\"0\"").build();
    for (parts, expected) in [
        (vec![small.clone(), next.clone()], "EntityTooSmall"),
        (vec![next.clone(), small.clone()], "InvalidPartOrder"),
        (vec![small.clone(), missing], "InvalidPart"),
    ] {
        assert_eq!(code(&complete(&served, &id, parts).send().await.unwrap_err()), expected);
    }
    complete(&served, &id, vec![next]).send().await.unwrap();
    assert_eq!(served.get("big").await, "next");
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let served = serve().await;
    let id = begin(&served).await;
    part(&served, &id, 1, b"x".to_vec()).await;
    let uploads = served.client.list_multipart_uploads().bucket("logs").send().await.unwrap();
    assert_eq!(uploads.uploads().len(), 1);
    let abort = served.client.abort_multipart_upload().bucket("logs").key("big");
    abort.upload_id(&id).send().await.unwrap();
    assert_eq!(served.files(), 0);
    let parts = served.client.list_parts().bucket("logs").key("big").upload_id(&id);
    assert_eq!(code(&parts.send().await.unwrap_err()), "NoSuchUpload");
}

#[tokio::test]
async fn a_copy_outlives_its_source() {
    let served = serve().await;
    let tag = served.put("from", "text").await;
    let copy = served.client.copy_object().bucket("logs").key("to").copy_source("logs/from");
    let copied = copy.send().await.unwrap();
    assert_eq!(copied.copy_object_result().unwrap().e_tag(), Some(tag.as_str()));
    served.client.delete_object().bucket("logs").key("from").send().await.unwrap();
    assert_eq!(served.get("to").await, "text");
}
