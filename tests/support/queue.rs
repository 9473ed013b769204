//! A queue as its client sees it.

use aws_sdk_sqs::Client;
use logmill_parse::Queue;

/// Longer than a run takes.
const HIDDEN_SECONDS: i32 = 3600;

/// A message, which nobody else receives until it is released.
#[derive(Debug)]
pub struct Message {
    /// What was sent.
    pub body: String,
    receipt: String,
}

/// The queue of one run.
#[derive(Clone, Debug)]
pub struct RunQueue {
    client: Client,
    /// Its address, as the engine names it.
    pub url: String,
}

impl RunQueue {
    /// Makes the queue.
    pub async fn create(client: &Client, name: &str) -> Self {
        let created = client.create_queue().queue_name(name).send().await.unwrap();
        Self { client: client.clone(), url: created.queue_url.unwrap() }
    }

    /// The queue for a function whose client is this.
    pub fn behind(&self, client: Client) -> Queue {
        Queue { client, url: self.url.clone() }
    }

    /// Sends a message.
    pub async fn send(&self, body: &str) {
        let sending = self.client.send_message().queue_url(&self.url);
        sending.message_body(body).send().await.unwrap();
    }

    /// At most so many messages that are there now; they are hidden then.
    pub async fn receive(&self, most: usize) -> Vec<Message> {
        let receiving = self.client.receive_message().queue_url(&self.url);
        let receiving = receiving.max_number_of_messages(i32::try_from(most).unwrap());
        let received = receiving.visibility_timeout(HIDDEN_SECONDS).send().await.unwrap();
        let messages = received.messages.unwrap_or_default().into_iter();
        let message = |message: aws_sdk_sqs::types::Message| Message {
            body: message.body.unwrap(),
            receipt: message.receipt_handle.unwrap(),
        };
        messages.map(message).collect()
    }

    /// Lets a message be received again at once.
    pub async fn release(&self, message: &Message) {
        let releasing = self.client.change_message_visibility().queue_url(&self.url);
        let releasing = releasing.receipt_handle(&message.receipt).visibility_timeout(0);
        releasing.send().await.unwrap();
    }

    /// Takes a message off the queue.
    pub async fn delete(&self, message: &Message) {
        let deleting = self.client.delete_message().queue_url(&self.url);
        deleting.receipt_handle(&message.receipt).send().await.unwrap();
    }
}
