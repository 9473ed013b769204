//! Dead letters in a server of the S3 protocol: the local cloud's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::region::Region;
use logmill_deadletter::{
    DeadLetters, Error, ErrorKind, Failure, Input, MOST_INLINE, Place, Reason, Replay,
};
use logmill_local_s3::{KeyPair, LocalS3, Options};
use logmill_model::Timestamp;
use logmill_objects::{Objects, PutOptions};
use tokio::net::TcpListener;

const BUCKET: &str = "logmill-dead-letters";

struct Store {
    letters: DeadLetters,
    objects: Objects,
    _data: tempfile::TempDir,
}

async fn store() -> Store {
    let data = tempfile::tempdir().unwrap();
    let keys = KeyPair::default();
    let s3 = LocalS3::open(data.path(), Options { credentials: keys.clone() }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { s3.serve(listener, std::future::pending()).await });
    let credentials = Credentials::new(keys.access_key, keys.secret_key, None, None, "test");
    let config = SdkConfig::builder()
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let objects = Objects::connect(&config);
    let letters = DeadLetters::new(objects.clone(), BUCKET);
    Store { letters, objects, _data: data }
}

async fn ready() -> Store {
    let store = store().await;
    store.letters.prepare().await.unwrap();
    store
}

fn failure(function: &str, key: &str) -> Failure {
    Failure {
        function: function.to_owned(),
        reason: Reason { kind: "not_a_log".to_owned(), message: "it is a PNG".to_owned() },
        attempts: 1,
        occurred_at: at(0),
        place: Place {
            bucket: Some("deployment-logs".to_owned()),
            key: Some(key.to_owned()),
            ..Place::default()
        },
        input: b"{\"Records\":[]}".to_vec(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_773_014_400 + second).unwrap()
}

#[tokio::test]
async fn what_fails_again_is_one_letter_that_counts() {
    let store = ready().await;
    let letters = &store.letters;
    let key = letters.put_at(failure("parse", "a.png"), at(10)).await.unwrap();
    assert!(key.starts_with("parse/2026/03/09/"), "{key}");
    let mut again = failure("parse", "a.png");
    again.attempts = 5;
    assert_eq!(letters.put_at(again, at(86_400)).await.unwrap(), key);
    let letter = letters.get(&key).await.unwrap();
    assert_eq!((letter.first_at, letter.last_at), (at(10), at(86_400)));
    assert_eq!((letter.times, letter.attempts), (2, 5));
    assert_eq!(letter.input.bytes().unwrap(), b"{\"Records\":[]}");
    assert_eq!(letters.list(None, None, 100).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn failures_at_the_same_time_are_all_counted() {
    let store = ready().await;
    let letters = &store.letters;
    let mut puts = tokio::task::JoinSet::new();
    for second in 0..8 {
        let letters = letters.clone();
        puts.spawn(async move { letters.put_at(failure("parse", "a.png"), at(second)).await });
    }
    let keys: Vec<_> = puts.join_all().await.into_iter().map(Result::unwrap).collect();
    let letter = letters.get(&keys[0]).await.unwrap();
    assert_eq!((letter.times, letter.first_at, letter.last_at), (8, at(0), at(7)));
}

#[tokio::test]
async fn a_replay_hands_the_input_over_once_and_leaves_a_trace() {
    let store = ready().await;
    let letters = &store.letters;
    let key = letters.put_at(failure("parse", "a.png"), at(0)).await.unwrap();
    let refused =
        letters.replay(&key, false, async |_| Err("the queue is away")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(refused.to_string().contains("the queue is away"), "{refused}");
    assert!(letters.get(&key).await.unwrap().is_open(), "a refused letter stays open");

    let handed = std::sync::Mutex::new(Vec::new());
    let hand = async |letter: logmill_deadletter::DeadLetter| {
        handed.lock().unwrap().push(letter.input.bytes().unwrap());
        Ok::<(), Error>(())
    };
    assert_eq!(letters.replay(&key, false, hand).await.unwrap(), Replay::Done);
    let letter = letters.get(&key).await.unwrap();
    assert!(!letter.is_open() && letter.replays == 1);
    let before = letters.replay(&key, false, hand).await.unwrap();
    assert_eq!(before, Replay::Before(letter.replayed_at.unwrap()));
    assert_eq!(handed.lock().unwrap().len(), 1);
    assert_eq!(letters.replay(&key, true, hand).await.unwrap(), Replay::Done);
    assert_eq!(handed.lock().unwrap().len(), 2);

    let later = letter.replayed_at.unwrap() + std::time::Duration::from_secs(3600);
    letters.put_at(failure("parse", "a.png"), later).await.unwrap();
    let letter = letters.get(&key).await.unwrap();
    assert!(letter.is_open() && letter.replays == 2, "it failed again, and its past is kept");
}

#[tokio::test]
async fn operators_page_through_all_letters_and_what_is_none() {
    let store = ready().await;
    let (letters, objects) = (&store.letters, &store.objects);
    let mut keys = Vec::new();
    for number in 0..5 {
        let failure = failure("parse", &format!("{number}.png"));
        keys.push(letters.put_at(failure, at(0)).await.unwrap());
    }
    let other = letters.put_at(failure("archive", "x"), at(0)).await.unwrap();
    let junk = "parse/2026/01/01/notes.json";
    objects.put(BUCKET, junk, b"hello".to_vec(), PutOptions::default()).await.unwrap();
    keys.push(junk.to_owned());
    keys.sort();

    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = letters.list(Some("parse"), after.as_deref(), 2).await.unwrap();
        assert!(page.entries.len() <= 2);
        found.extend(page.entries);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found.iter().map(|entry| entry.key.clone()).collect::<Vec<_>>(), keys);
    let bad = found.iter().find(|entry| entry.key == junk).unwrap();
    assert_eq!(bad.letter.as_ref().unwrap_err().kind(), ErrorKind::Format);
    let all = letters.list(None, None, 1000).await.unwrap();
    assert_eq!((all.entries.len(), all.entries[0].key.as_str()), (7, other.as_str()));

    letters.drop(&other).await.unwrap();
    letters.drop(&other).await.unwrap();
    let gone = letters.get(&other).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Store(logmill_objects::ErrorKind::NotFound));
}

#[tokio::test]
async fn an_input_of_any_size_becomes_a_letter() {
    let store = ready().await;
    let letters = &store.letters;
    let put = async |key: &str, input: Vec<u8>| {
        let failure = Failure { input, ..failure("parse", key) };
        let key = letters.put_at(failure, at(0)).await.unwrap();
        letters.get(&key).await.unwrap().input
    };
    assert_eq!(put("a", vec![0; 1024 * 1024]).await.bytes().unwrap().len(), 1024 * 1024);
    assert_eq!(put("b", vec![0xff; 9]).await.bytes().unwrap(), [0xff; 9]);
    // Each of its bytes takes six in JSON.
    assert_eq!(put("c", vec![0; MOST_INLINE]).await.bytes().unwrap().len(), MOST_INLINE);
    let bytes = MOST_INLINE as u64 + 1;
    assert_eq!(put("d", vec![b'a'; MOST_INLINE + 1]).await, Input::Omitted { bytes });
}

#[tokio::test]
async fn without_its_bucket_a_letter_is_not_lost_in_silence() {
    let store = store().await;
    let letters = &store.letters;
    let error = letters.put(failure("parse", "a.png")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store(logmill_objects::ErrorKind::NotFound));
    assert!(error.to_string().contains(BUCKET), "{error}");
}
