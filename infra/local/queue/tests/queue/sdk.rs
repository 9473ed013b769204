//! The queues through the AWS SDK for Rust.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use logmill_local_queue::{Queue, router};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A served queue's client and the address of its queue `work`.
async fn serve() -> (TempDir, Client, String) {
    let folder = TempDir::new().unwrap();
    let queue = Queue::open(folder.path().join("queue.sqlite")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = router(queue, &endpoint);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("logmill", "logmill-local", None, None, "test"))
        .build();
    let client = Client::from_conf(config);
    let made = client.create_queue().queue_name("work").send().await.unwrap();
    let url = made.queue_url().unwrap().to_owned();
    (folder, client, url)
}

#[tokio::test]
async fn a_message_goes_through_with_its_attributes_and_digests() {
    let (_folder, client, url) = serve().await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("v").build();
    let send = client.send_message().queue_url(&url).message_body("hello");
    let sent = send.message_attributes("name", text.unwrap()).send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    let receive = client.receive_message().queue_url(&url).wait_time_seconds(5);
    let receive = receive.message_attribute_names("All");
    let receive =
        receive.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
    let got = receive.send().await.unwrap();
    let [message] = got.messages() else { panic!("one message is expected") };
    assert_eq!(message.body(), Some("hello"));
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(message.message_attributes().unwrap()["name"].string_value(), Some("v"));
    let count =
        &message.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "1");
    let receipt = message.receipt_handle().unwrap();
    let change = client.change_message_visibility().queue_url(&url).receipt_handle(receipt);
    change.visibility_timeout(0).send().await.unwrap();
    let got = client.receive_message().queue_url(&url).wait_time_seconds(5).send().await.unwrap();
    let receipt = got.messages()[0].receipt_handle().unwrap();
    client.delete_message().queue_url(&url).receipt_handle(receipt).send().await.unwrap();
    let all = client.get_queue_attributes().queue_url(&url);
    let all = all.attribute_names(QueueAttributeName::All).send().await.unwrap();
    let all = all.attributes().unwrap();
    assert_eq!(all[&QueueAttributeName::ApproximateNumberOfMessages], "0");
    assert_eq!(all[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "0");
}

#[tokio::test]
async fn a_batch_fails_item_by_item() {
    let (_folder, client, url) = serve().await;
    let entry = |id: &str, delay: i32| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(id);
        entry.delay_seconds(delay).build().unwrap()
    };
    let send = client.send_message_batch().queue_url(&url);
    let sent = send.entries(entry("good", 0)).entries(entry("bad", 901)).send().await.unwrap();
    assert_eq!(sent.successful()[0].id(), "good");
    assert_eq!((sent.failed()[0].id(), sent.failed()[0].sender_fault()), ("bad", true));
    let send = client.send_message_batch().queue_url(&url);
    let error = send.entries(entry("same", 0)).entries(entry("same", 0)).send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_batch_entry_ids_not_distinct());
}

#[tokio::test]
async fn redrive_is_set_by_the_policy_s_text() {
    let (_folder, client, url) = serve().await;
    let dead = client.create_queue().queue_name("dead").send().await.unwrap();
    let arn = client.get_queue_attributes().queue_url(dead.queue_url().unwrap());
    let arn = arn.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
    let arn = &arn.attributes().unwrap()[&QueueAttributeName::QueueArn];
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"1"}}"#);
    let set = client.set_queue_attributes().queue_url(&url);
    set.attributes(QueueAttributeName::RedrivePolicy, policy).send().await.unwrap();
    client.send_message().queue_url(&url).message_body("poison").send().await.unwrap();
    for expected in [1, 0] {
        let receive = client.receive_message().queue_url(&url).visibility_timeout(0);
        assert_eq!(receive.send().await.unwrap().messages().len(), expected);
    }
    let moved = client.receive_message().queue_url(dead.queue_url().unwrap());
    assert_eq!(moved.send().await.unwrap().messages()[0].body(), Some("poison"));
}

#[tokio::test]
async fn faults_have_the_types_that_sdks_know() {
    let (_folder, client, url) = serve().await;
    let error = client.get_queue_url().queue_name("none").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_queue_does_not_exist());
    let error = client.delete_message().queue_url(&url).receipt_handle("?").send().await;
    assert!(error.unwrap_err().as_service_error().unwrap().is_receipt_handle_is_invalid());
    let error = client.receive_message().queue_url(&url).max_number_of_messages(11);
    assert!(error.send().await.unwrap_err().code().unwrap().contains("InvalidParameterValue"));
    client.purge_queue().queue_url(&url).send().await.unwrap();
    let all = client.list_queues().queue_name_prefix("wo").send().await.unwrap();
    assert_eq!(all.queue_urls(), [url.as_str()]);
    client.delete_queue().queue_url(&url).send().await.unwrap();
    let error = client.send_message().queue_url(&url).message_body("x").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_queue_does_not_exist());
}
