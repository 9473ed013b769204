//! What people lose if a batch comes again, some of it is of no use, or an engine is away.

use std::time::Duration;

use logmill_local_lambda::Function;
use serde_json::{Value, json};

use crate::cloud::{Cloud, FILES, batch, events, invocation, record};
use crate::mmdb;

const ACCESS: &str = r#"81.2.69.142 - frank [10/Oct/2026:13:55:36 +0000] \"GET /cart HTTP/1.1\" 404 2326 \"-\" \"curl/8\""#;

#[tokio::test]
async fn an_event_is_found_with_all_that_it_says_and_all_that_is_known_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let city = folder.path().join("city.mmdb");
    let network = ([81, 2, 69, 0], 24, mmdb::city("GB", "London", 51.5142, -0.0931));
    std::fs::write(&city, mmdb::database("GeoLite2-City", [network])).unwrap();
    let asn = mmdb::database(
        "GeoLite2-ASN",
        [(
            [81, 2, 0, 0],
            16,
            json!({ "autonomous_system_number": 20_712, "autonomous_system_organization": "AAISP" }),
        )],
    );
    let databases = format!("{},s3://{FILES}/asn.mmdb", city.display());
    let promoted = "num.payload.ms,key.labels.team,num.fields.http.response.status_code";
    let cloud =
        Cloud::start(&[("LOGMILL_GEOIP", &databases), ("LOGMILL_PROMOTED", promoted)]).await;
    let bytes = bytes::Bytes::from(asn);
    let put = cloud.consume.objects.put(FILES, "asn.mmdb", bytes, Default::default());
    put.await.unwrap();
    let event = format!(
        r#"{{"timestamp":"2026-11-20T09:41:16.5Z","service":"cart","level":"warning","message":"{ACCESS}",
        "host":"h1","trace_id":"t1","request_id":"r1","version":"1.2","labels":{{"team":"shop","env":"test"}},
        "payload":{{"ms":"12.5","password":"hunter2!x","ip_address":"10.0.0.1"}},"extra":{{"a":1}}}}"#
    );
    cloud.bring(&[record(7, &event)]).await;
    let mut found = cloud.documents().await;
    assert_eq!(found.len(), 1, "{found:?}");
    let document = found.remove(0);
    for (path, value) in [
        ("/@timestamp", json!("2026-11-20T09:41:16.5Z")),
        ("/observed_at", json!("2026-11-20T09:41:16.424Z")),
        ("/service", json!("cart")),
        ("/level", json!("WARN")),
        ("/fields/level", json!("warning")),
        ("/host", json!("h1")),
        ("/trace_id", json!("t1")),
        ("/request_id", json!("r1")),
        ("/env", json!("test")),
        ("/version", json!("1.2")),
        ("/kind", json!("log")),
        ("/source", json!("app-logs")),
        ("/generation", json!("app-logs-0-7")),
        ("/fields/grok_pattern", json!("combined")),
        ("/fields/http/response/status_code", json!(404)),
        ("/fields/extra/a", json!(1)),
        ("/labels/team", json!("shop")),
        ("/payload/password", json!("[masked:password]")),
        ("/num/payload.ms", json!(12.5)),
        ("/num/fields.http.response.status_code", json!(404)),
        ("/key/labels.team", json!("shop")),
        ("/geo/country_iso_code", json!("GB")),
        ("/geo/city_name", json!("London")),
        ("/geo/location/lat", json!(51.5142)),
        ("/geo/as_number", json!(20_712)),
        ("/geo/as_organization", json!("AAISP")),
        ("/_index", json!("logmill-logs-2026.11")),
    ] {
        assert_eq!(document.pointer(path), Some(&value), "{path}: {document:#}");
    }
    assert_eq!(document.get("time_fault"), None);
    assert_eq!(document.get("text"), None, "it is searched, not kept");
}

#[tokio::test]
async fn a_batch_that_comes_three_times_cut_otherwise_is_there_once() {
    let cloud = Cloud::start(&[]).await;
    let event = |offset: i64| format!(r#"{{"message":"event {offset}"}}"#);
    let own = r#"{"message":"own","id":"order 7","service":"cart"}"#;
    let mut records: Vec<_> = (0..30).map(|offset| record(offset, &event(offset))).collect();
    records.push(record(30, own));
    // The service sent it twice.
    records.push(record(31, own));
    for size in [32, 7, 13] {
        for part in records.chunks(size) {
            cloud.bring(part).await;
        }
    }
    let found = cloud.documents().await;
    assert_eq!(found.len(), 31, "30 by their places, and one by its own id");
    assert!(found.iter().any(|document| document["_id"] == "cart/order%207"));
    assert!(cloud.letters().await.is_empty());
}

#[tokio::test]
async fn poison_among_good_records_is_kept_whole_and_costs_no_other() {
    let mut cloud = Cloud::start(&[("LOGMILL_PROMOTED", "num.a")]).await;
    cloud.bring(&[record(99, r#"{"message":"first","a":1}"#)]).await;
    // From now on a number is where an object would have to be.
    cloud.consume.settings.numbers = vec!["a.b".to_owned()];
    let mut tombstone = record(1, "");
    tombstone.value = None;
    let mut timeless = record(2, r#"{"message":"m"}"#);
    timeless.timestamp = None;
    let large = format!(r#"{{"message":"{}"}}"#, "m".repeat(1 << 20));
    let records = [
        record(0, r#"{"message":"good 0"}"#),
        tombstone,
        timeless,
        record(3, "no JSON"),
        record(4, r#"{"level":"INFO"}"#),
        record(5, &large),
        record(6, r#"{"message":"m","a":{"b":1}}"#),
        record(7, r#"{"message":"good 7"}"#),
    ];
    let mut event: Value = serde_json::from_str(&batch(&records)).unwrap();
    event["records"]["app-logs-0"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "topic": "app-logs", "value": "%" }));
    let answer = cloud.handle(&event.to_string()).await.unwrap();
    assert!(answer.is_done(), "{answer:?}");
    let messages: Vec<_> = cloud.documents().await.iter().map(|it| it["message"].clone()).collect();
    assert_eq!(messages, ["good 0", "good 7", "first"]);
    let letters = cloud.letters().await;
    let mut kinds: Vec<_> = letters.iter().map(|(_, letter)| letter.reason.kind.as_str()).collect();
    kinds.sort_unstable();
    let all = [
        "document_rejected",
        "malformed_record",
        "no_time",
        "not_an_event",
        "not_an_event",
        "tombstone",
        "too_large",
    ];
    assert_eq!(kinds, all);
    let of_kind = |kind: &str| letters.iter().find(|(_, it)| it.reason.kind == kind).unwrap();
    let (_, too_large) = of_kind("too_large");
    assert_eq!(too_large.input.bytes().unwrap(), large.as_bytes(), "whole");
    let place = &too_large.place;
    assert_eq!(
        (place.topic.as_deref(), place.partition, place.offset),
        (Some("app-logs"), Some(0), Some(5))
    );
    assert_eq!(place.record_key.as_ref().unwrap().bytes().unwrap(), b"cart");
    assert_eq!(place.headers[0].value.as_ref().unwrap().bytes().unwrap(), [0xff, 1]);
    let (_, bad) = of_kind("malformed_record");
    assert_eq!(bad.input.bytes().unwrap(), br#"{"topic":"app-logs","value":"%"}"#);
}

#[tokio::test]
async fn a_letter_is_replayed_under_its_own_place_and_writes_nothing_twice() {
    let mut cloud = Cloud::start(&[("LOGMILL_RAW_TOPICS", "none")]).await;
    cloud.bring(&[record(3, "a line of text")]).await;
    let letters = cloud.letters().await;
    let (key, _) = &letters[0];
    let replay = async |cloud: &Cloud, again: bool| {
        let consume = cloud.consume.clone();
        let receiver = async |letter| consume.replay(&letter, &invocation()).await;
        cloud.consume.dead_letters.replay(key, again, receiver).await.unwrap()
    };
    replay(&cloud, false).await;
    let letter = cloud.consume.dead_letters.get(key).await.unwrap();
    assert!(letter.is_open() && letter.times == 2 && letter.replays == 1, "it failed again");
    // Repaired: the topic may have lines.
    cloud.consume.settings.raw_topics = vec!["app-logs".to_owned()];
    replay(&cloud, false).await;
    replay(&cloud, true).await;
    cloud.bring(&[record(3, "a line of text")]).await;
    let found = cloud.documents().await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["message"], &found[0]["kind"], &found[0]["service"]),
        (&json!("a line of text"), &json!("text"), &json!("cart"))
    );
    assert!(!cloud.consume.dead_letters.get(key).await.unwrap().is_open());
}

#[tokio::test]
async fn what_a_retry_may_mend_comes_again_from_its_first_record_on() {
    let mut cloud = Cloud::start(&[]).await;
    cloud.lose_search();
    let mut other = record(9, r#"{"message":"m"}"#);
    other.partition = 1;
    let records = [record(4, r#"{"message":"m"}"#), record(5, "no JSON"), other];
    let answer = cloud.handle(&batch(&records)).await.unwrap();
    let json = serde_json::to_value(&answer).unwrap();
    let item = |partition: &str, offset: i64| json!({ "itemIdentifier": { "partition": partition, "offset": offset } });
    assert_eq!(json["batchItemFailures"], json!([item("app-logs-0", 4), item("app-logs-1", 9)]));
    assert_eq!(cloud.letters().await.len(), 1, "poison is done with all the same");
    cloud.consume.settings.reports_failures = false;
    let again = cloud.handle(&batch(&records)).await.unwrap_err();
    assert!(
        again.why.contains("2 records"),
        "a mapping that reads no answer must see an error: {again}"
    );
}

#[tokio::test]
async fn poison_whose_letter_cannot_be_written_is_not_lost() {
    let mut cloud = Cloud::start(&[]).await;
    cloud.lose_dead_letters();
    let records = [record(4, r#"{"message":"m"}"#), record(5, "no JSON")];
    let answer = cloud.handle(&batch(&records)).await.unwrap();
    let json = serde_json::to_string(&answer).unwrap();
    assert!(json.contains(r#"{"partition":"app-logs-0","offset":5}"#), "{json}");
    assert!(cloud.handle("no event at all").await.is_err(), "it has no place that could be named");
    assert_eq!(cloud.documents().await.len(), 1);
}

#[tokio::test]
async fn what_an_operator_gave_is_told_when_it_is_broken_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let told = |settings: &[(&str, &str)]| {
        format!("{:#}", logmill_consume::Sources::open(&events(settings)).unwrap_err())
    };
    let broken = file("city.mmdb", "no database");
    let message = told(&[("LOGMILL_GEOIP", &broken)]);
    assert!(message.contains("city.mmdb") && message.contains("MaxMind's format"), "{message}");
    let patterns = file("patterns.toml", "[[entry]]\nname = \"a\"\nmatch = '%{NOBODY:x}'\n");
    let message = told(&[("LOGMILL_PATTERNS", &patterns)]);
    assert!(message.contains("patterns.toml") && message.contains("line 3"), "{message}");
    let message = told(&[("LOGMILL_PATTERNS", "bundled,combinde")]);
    assert!(message.contains("combinde") && message.contains("combined"), "{message}");
    assert!(told(&[("LOGMILL_GEOIP", "/nowhere/x.mmdb")]).contains("/nowhere/x.mmdb"));
    let cloud = Cloud::start(&[("LOGMILL_GEOIP", "s3://operator/missing.mmdb")]).await;
    let again = cloud.handle(&batch(&[record(0, r#"{"message":"m"}"#)])).await.unwrap_err();
    assert!(again.why.contains("s3://operator/missing.mmdb"), "{again}");
}

#[tokio::test]
async fn what_is_deployed_takes_the_event_as_lambda_brings_it() {
    let cloud = Cloud::start(&[]).await;
    let deployed = env!("CARGO_BIN_EXE_consume").into();
    let function = Function::executable("consume", deployed, cloud.variables());
    let records = [record(0, r#"{"message":"a \"quoted\" ä"}"#), record(1, "no JSON")];
    let event: Value = serde_json::from_str(&batch(&records)).unwrap();
    let answer = function.invoke("r1", &event, Duration::from_secs(60)).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(cloud.documents().await[0]["message"], "a \"quoted\" ä");
    assert_eq!(cloud.letters().await.len(), 1);
}
