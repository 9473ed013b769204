//! Who may send.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use logmill_ingest::producer_settings;
use logmill_metadata::tokens::{self, Role};
use logmill_model::Timestamp;

use crate::house::House;

const EVENT: &str = "{\"message\":\"m\"}";

async fn guarded() -> (House, String) {
    let house = House::with(&[("LOGMILL_INGEST_AUTH", "token")], producer_settings()).await;
    let now = Timestamp::UNIX_EPOCH;
    let made = tokens::create(&house.store, [7; 32], "shop", Role::Writer, now).await;
    (house, made.unwrap())
}

async fn status(house: &House, header: (&str, &str)) -> StatusCode {
    house.post("/logs", &[header], EVENT).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_token_gets_in_however_an_agent_can_send_it_and_nobody_else() {
    let (house, token) = guarded().await;
    assert_eq!(token.len(), "logmill_".len() + 64);
    let basic = STANDARD.encode(format!("anyone:{token}"));
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("Basic {basic}")),
        ("authorization", format!("ApiKey {basic}")),
        ("authorization", format!("ApiKey {token}")),
        ("x-api-key", token.clone()),
    ] {
        assert_eq!(status(&house, (name, &value)).await, StatusCode::ACCEPTED, "{value}");
    }
    for (name, value) in [
        ("authorization", "Bearer logmill_00"),
        ("authorization", "Bearer"),
        ("authorization", "Basic ???"),
        ("x-other", "1"),
    ] {
        let answer = house.post("/logs", &[(name, value)], EVENT).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{value}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert_eq!(house.stored().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_looked_up_once_and_works_on_while_the_metadata_is_away() {
    let (house, token) = guarded().await;
    let bearer = format!("Bearer {token}");
    let known = ("authorization", bearer.as_str());
    for _ in 0..3 {
        assert_eq!(status(&house, known).await, StatusCode::ACCEPTED);
        assert_eq!(status(&house, ("x-api-key", "unknown")).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(house.store.asked.load(Ordering::SeqCst), 2);
    house.store.away.store(true, Ordering::SeqCst);
    assert_eq!(status(&house, known).await, StatusCode::ACCEPTED);
    let answer = house.post("/logs", &[("x-api-key", "new")], EVENT).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "it may be a good one");
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_kept_as_its_hash_and_found_by_its_beginning_when_it_is_revoked() {
    let (house, token) = guarded().await;
    let all = tokens::list(&house.store).await.unwrap();
    assert_eq!((all.len(), all[0].name.as_str()), (1, "shop"));
    assert_eq!(all[0].hash, tokens::hash(&token));
    assert!(!format!("{:?}", house.store).contains(&token));
    assert!(tokens::revoke(&house.store, &all[0].hash[..4]).await.is_err());
    assert!(tokens::revoke(&house.store, "00000000").await.is_err());
    tokens::revoke(&house.store, &all[0].hash[..12]).await.unwrap();
    assert_eq!(tokens::find(&house.store, &all[0].hash).await.unwrap(), None);
    assert_eq!(status(&house, ("x-api-key", &token)).await, StatusCode::UNAUTHORIZED);
}
