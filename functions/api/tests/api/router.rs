//! The router over stores that hold little, or are away: what people see then.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Uri;
use logmill_api::view::{Detail, Failure, Found, List};
use logmill_api::{Ports, router};
use logmill_documents::{Documents, Endpoint, Names};
use logmill_metadata::{
    Blob, BlobKind, Change, Commit, Deployment, Error, ErrorKind, Filter, Loaded, ObjectState,
    Page, Status, Store,
};
use logmill_model::{Outcome, Timestamp};
use logmill_runtime::retry::Backoff;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::sample;

/// Rows of a deployment that is pending and of one that failed, with its log; or the fault that
/// every call has.
#[derive(Clone, Debug)]
struct Rows(Option<ErrorKind>);

impl Rows {
    fn ask<T>(&self, answer: T) -> Result<T, Error> {
        self.0.map_or(Ok(answer), |kind| Err(Error::new(kind, "the table <t> is away")))
    }
}

fn known() -> [Deployment; 2] {
    let mut done = Deployment::new("shop-1", Timestamp::UNIX_EPOCH);
    done.tally.add(Status::Completed, Some(Outcome::Failed));
    done.status = done.tally.status(None);
    done.result = done.tally.result();
    [Deployment::new("a/b ü%", Timestamp::UNIX_EPOCH), done]
}

fn object() -> ObjectState {
    sample::object("shop-1", &sample::log("unit", "failed", None), Status::Completed)
}

impl Store for Rows {
    async fn plan(&self) -> Result<Vec<String>, Error> {
        self.ask(Vec::new())
    }

    async fn migrate(&self) -> Result<(), Error> {
        self.ask(())
    }

    async fn load(&self, key: &str, _part: Option<&str>) -> Result<Loaded, Error> {
        let deployment = known().into_iter().find(|known| known.deployment_key == key);
        self.ask(Loaded { deployment, object: None })
    }

    async fn commit(&self, _change: &Change) -> Result<Commit, Error> {
        self.ask(Commit::Conflict)
    }

    async fn objects(&self, key: &str) -> Result<Vec<ObjectState>, Error> {
        self.ask(if key == "shop-1" { vec![object()] } else { Vec::new() })
    }

    async fn blob(&self, _kind: BlobKind, _key: &str, _part: &str) -> Result<Option<Blob>, Error> {
        let log = sample::log("unit", "failed", Some("expected 19"));
        let bytes = serde_json::to_vec(&json!({ "logs": [log] })).unwrap();
        self.ask(Some(Blob { generation: object().generation(), bytes }))
    }

    async fn deployments(&self, _f: &Filter, _c: Option<&str>, _l: usize) -> Result<Page, Error> {
        self.ask(Page { deployments: known().to_vec(), next: None })
    }

    async fn delete(&self, _key: &str) -> Result<(), Error> {
        self.ask(())
    }
}

/// An OpenSearch that has a build document of the part `unit` and its record in line 1204.
async fn shop_engine() -> SocketAddr {
    let answer = |uri: Uri, body: String| async move {
        let hits = if uri.path().contains("builds") && body.contains("/unit") {
            vec![
                json!({ "_index": "i", "_id": "shop-1/unit", "_source": sample::document("why", &[]) }),
            ]
        } else if uri.path().contains("logs") {
            let record = json!({ "deployment_key": "shop-1", "part": "unit", "line": 1204, "end_line": 1205,
                "level": "ERROR", "message": "expected <19>\n\tat Cart.total", "@timestamp": "2026-11-21T14:03:07Z" });
            let next = json!({ "deployment_key": "shop-1", "part": "unit", "line": 1206, "end_line": 1206, "message": "gone on" });
            let all = [record, next];
            let most = if body.contains("expected") { 1 } else { 2 };
            all.iter()
                .take(most)
                .map(|source| json!({ "_index": "i", "_id": "x", "_source": source, "sort": [1] }))
                .collect()
        } else {
            Vec::new()
        };
        axum::Json(
            json!({ "hits": { "total": { "value": hits.len(), "relation": "eq" }, "hits": hits } }),
        )
    };
    serve(axum::Router::new().fallback(answer)).await
}

/// An OpenSearch that has no documents; or answers everything with this status.
async fn search_engine(status: u16) -> SocketAddr {
    let answer = move || async move {
        let body = r#"{"hits":{"total":{"value":0,"relation":"eq"},"hits":[]},"error":{"reason":"no <power>"}}"#;
        let status = axum::http::StatusCode::from_u16(status).unwrap();
        (status, [("content-type", "application/json")], body)
    };
    serve(axum::Router::new().fallback(answer)).await
}

async fn serve(router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn app(metadata: Option<ErrorKind>, engine: u16) -> SocketAddr {
    over(metadata, search_engine(engine).await).await
}

async fn over(metadata: Option<ErrorKind>, engine: SocketAddr) -> SocketAddr {
    let url = format!("http://{engine}");
    let backoff =
        Backoff { first: Duration::from_millis(1), most: Duration::from_millis(2), attempts: 1 };
    let documents = Documents::connect(&Endpoint::new(url), Names::default()).unwrap();
    let documents = documents.with_backoff(backoff);
    serve(router(Ports { metadata: Rows(metadata), documents })).await
}

/// The status, the head and the body of an answer.
async fn get(app: SocketAddr, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(app).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn a_store_that_is_away_is_named_with_what_to_do() {
    let without_metadata = app(Some(ErrorKind::Unavailable), 200).await;
    for path in ["/", "/builds/k", "/builds/k/log"] {
        let (status, _, body) = get(without_metadata, path).await;
        assert_eq!(status, 503, "{path}");
        assert!(
            body.contains("the table &lt;t&gt; is away") && body.contains("Load the page again")
        );
    }
    let (status, _, body) = get(without_metadata, "/api/builds").await;
    let failure: Failure = serde_json::from_str(&body).unwrap();
    assert_eq!((status, failure.error.kind.as_str()), (503, "unavailable"));
    let (status, _, body) = get(app(Some(ErrorKind::NotMigrated), 200).await, "/").await;
    assert_eq!(status, 502);
    assert!(body.contains("logmill migrate"));
    let without_documents = app(None, 503).await;
    for path in ["/builds/k", "/search?q=timeout"] {
        let (status, _, body) = get(without_documents, path).await;
        assert_eq!(status, 503, "{path}");
        assert!(body.contains("OPENSEARCH_URL") && body.contains("no &lt;power&gt;"), "{body}");
    }
    assert_eq!(get(without_documents, "/").await.0, 200, "the list needs no documents");
    assert_eq!(get(app(None, 403).await, "/search?q=timeout").await.0, 502);
}

#[tokio::test]
async fn a_request_that_is_wrong_says_what_is() {
    let app = app(None, 200).await;
    for (path, status, said) in [
        ("/search?q=level%3D", 400, "column "),
        ("/search?q=abc&from=yesterday", 400, "which is no time"),
        ("/search?q=abc&after=%7B", 400, "first page"),
        ("/search?q=abc&size=0", 400, "no number"),
        ("/?status=DONE", 400, "PENDING, PROCESSING"),
        ("/builds/nobody", 404, "No deployment has the key nobody"),
        ("/builds/nobody/log?part=x&from=1", 404, "No deployment"),
        ("/builds/%FF", 400, "not right"),
        ("/nothing", 404, "There is no page"),
    ] {
        let (found, _, body) = get(app, path).await;
        assert_eq!(found, status, "{path}: {body}");
        assert!(body.contains(said), "{path}: {body}");
    }
    let (status, _, body) = get(app, "/api/search?q=level%3D").await;
    let failure: Failure = serde_json::from_str(&body).unwrap();
    assert_eq!((status, failure.error.kind.as_str()), (400, "query"));
    assert!(failure.error.column.is_some());
}

#[tokio::test]
async fn keys_with_any_text_find_their_pages() {
    let app = app(None, 200).await;
    let link = logmill_api::link::deployment("a/b ü%");
    let (status, head, body) = get(app, &link).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("a/b ü%") && body.contains("PENDING"));
    for header in
        ["content-security-policy: default-src 'none'", "nosniff", "no-referrer", "no-store"]
    {
        assert!(head.contains(header), "{header} in {head}");
    }
    assert!(get(app, "/").await.2.contains(&link));
    let (status, head, _) = get(app, "/builds/a%2Fb/log?part=p%2F1&line=1204").await;
    assert_eq!(status, 303);
    assert!(head.contains("location: /builds/a%2fb/log?part=p%2f1&from=1001#l1204"), "{head}");
    assert_eq!(logmill_api::link::deployment(".."), "/builds/%252E%252E");
    assert_eq!(logmill_api::link::key("%2E%2E".to_owned()), "..");
    assert_eq!(get(app, "/healthz").await.2, "ok\n");
    assert!(get(app, "/style.css").await.1.contains("text/css"));
}

#[tokio::test]
async fn a_failed_build_is_explained_from_the_list_to_the_line() {
    let app = over(None, shop_engine().await).await;
    let (_, _, body) = get(app, "/").await;
    assert!(body.contains("expected 19") && body.contains("/builds/shop-1/log?part=unit"));
    let (status, _, body) = get(app, "/builds/shop-1").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("Why it failed") && body.contains("expected &lt;19&gt;"), "its only log");
    let (_, _, body) = get(app, "/builds/shop-1/log?part=unit&from=1001").await;
    assert!(body.contains("id=\"L1204\"") && body.contains("id=\"L1206\""), "{body}");
    let (_, _, body) = get(app, "/search?q=expected").await;
    assert!(body.contains("part=unit&amp;from=1001#L1204") && body.contains("gone on"), "{body}");
    assert_eq!(get(app, "/builds/shop-1?part=nope").await.0, 404);

    let list: List = serde_json::from_str(&get(app, "/api/builds?size=5").await.2).unwrap();
    assert_eq!(list.builds[1].why.as_ref().unwrap().explanation.message, "expected 19");
    assert_eq!(list.builds[1].logs[0].summary.lines, 4211);
    let detail: Detail = serde_json::from_str(&get(app, "/api/builds/shop-1").await.2).unwrap();
    assert_eq!(detail.part.as_deref(), Some("unit"));
    assert_eq!(detail.document.unwrap()["result"], "failed");
    assert_eq!(detail.around[0][1].number, 1205);
    let found: Found =
        serde_json::from_str(&get(app, "/api/search?q=expected&size=1").await.2).unwrap();
    assert_eq!((found.hits.len(), found.total, found.next.as_deref()), (1, 1, Some("[1]")));
    assert_eq!(found.hits[0].behind[0].text, "gone on");
}
