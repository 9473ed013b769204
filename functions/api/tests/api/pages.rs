//! Pages from odd data. Each page is also written to a folder, to be looked at.

use std::path::Path;

use logmill_api::document::BuildDocument;
use logmill_api::fault::Fault;
use logmill_api::page::{self, ListFilter, SearchForm};
use logmill_api::text;
use logmill_api::view::{BuildRow, Detail, Found, FoundRecord, List, LogPage};
use logmill_metadata::Status;
use maud::Markup;
use serde_json::json;

use crate::sample::{EVIL, at, detail, document, lines, log, now, row, step};

/// Writes a page with its stylesheet in it, as `target/tmp/NAME.html`, and gives its text back.
fn show(name: &str, page: Markup) -> String {
    let html = page.into_string();
    let style = format!("<style>{}</style>", include_str!("../../src/style.css"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api");
    std::fs::create_dir_all(&folder).unwrap();
    let link = r#"<link rel="stylesheet" href="/style.css">"#;
    assert!(html.contains(link));
    std::fs::write(folder.join(format!("{name}.html")), html.replace(link, &style)).unwrap();
    html
}

fn is_harmless(html: &str) {
    let lower = html.to_lowercase();
    for wrong in ["<script", "onerror=", "javascript:", " style=", "\u{202e}"] {
        assert!(!lower.contains(wrong), "{wrong} in {html}");
    }
}

const MAVEN: &str = "[ERROR] CartTest.totals:42 expected: <19.90> but was: <20.90>";

fn night() -> Vec<BuildRow> {
    let one = |part: &str, result: &str, why: Option<&str>| log(part, result, why);
    let mut unread = row("uploads/2026/screenshot", None, &[], Status::Failed);
    unread.status = Status::Failed;
    unread.error = Some("the object \"uploads/2026/screenshot.png\" is no log: it begins like a PNG image; nothing was indexed".to_owned());
    let shards: Vec<_> = (1..=9)
        .map(|number| {
            let failed = number == 7;
            one(
                &format!("test shard {number}"),
                if failed { "failed" } else { "success" },
                failed.then_some(
                    "FAILED tests/test_cart.py::test_rounding - AssertionError: assert 20 == 19",
                ),
            )
        })
        .collect();
    vec![
        row(
            "github_actions-github.com-9182736455-1",
            Some("shop-backend"),
            &[one("", "failed", Some(MAVEN))],
            Status::Completed,
        ),
        row("github_actions-github.com-9182736460-2", Some("checkout"), &shards, Status::Completed),
        row(
            "jenkins-ci.example.com-nightly-42",
            Some("warehouse"),
            &[one("", "success", None)],
            Status::Completed,
        ),
        row(
            "gitlab-gitlab.example.com-771234",
            Some("search"),
            &[one("build", "success", None), one("deploy", "cancelled", None)],
            Status::Completed,
        ),
        row(
            "gitlab-gitlab.example.com-771299",
            Some("search"),
            &[one("build", "unknown", None)],
            Status::Processing,
        ),
        unread,
        row(
            "examples/日本語 ログ",
            None,
            &[one("", "failed", Some("error[E0308]: mismatched types\n --> src/main.rs:12:18\n"))],
            Status::Completed,
        ),
    ]
}

#[test]
fn the_list_says_of_every_build_how_it_ended_and_why() {
    let mut list = List { builds: night(), next: Some("2026-11-20T00:00:00.000Z#k&?".to_owned()) };
    let html = show(
        "list",
        page::list(&list, &ListFilter { is_first: true, ..ListFilter::default() }, now()),
    );
    is_harmless(&html);
    assert!(html.contains("expected: &lt;19.90&gt; but was"), "the first line of the explanation");
    assert!(
        html.contains(
            "/builds/github_actions-github.com-9182736455-1/log?part=&amp;from=1001#L1204"
        )
    );
    assert!(html.contains("PROCESSING") && html.contains("is no log"));
    assert!(html.contains("test shard 7") && html.contains("All 9 logs"));
    assert!(html.contains("after=2026-11-20T00%3A00%3A00.000Z%23k%26%3F"), "the next page");
    assert!(
        html.contains("/builds/uploads%2F2026%2Fscreenshot"),
        "a key with slashes is one segment"
    );
    list = List::default();
    let html = show(
        "list-empty",
        page::list(&list, &ListFilter { is_first: true, ..ListFilter::default() }, now()),
    );
    assert!(html.contains("No build yet"));
}

#[test]
fn a_deployment_shows_the_worst_of_its_logs_and_their_sums() {
    let row = &night()[1];
    assert_eq!(row.result.unwrap().as_str(), "failed");
    assert_eq!((row.lines, row.errors), (9 * 4211, 3));
    assert_eq!(row.why.as_ref().unwrap().part, "test shard 7");
    assert_eq!(row.tests.unwrap().run, 9 * 120);
    let html = show("deployment", page::deployment(row, None, now()));
    is_harmless(&html);
    assert!(html.contains("part=test%20shard%207"));
    let html = show("pending", page::deployment(&night()[4], Some("build"), now()));
    assert!(html.contains("Load the page again"));
    let html = show("unread", page::deployment(&night()[5], Some(""), now()));
    assert!(html.contains("begins like a PNG image"));
}

fn failed_build() -> (Detail, BuildDocument) {
    let steps = vec![
        step(1, None, "Set up job", "success", 70, 82),
        step(2, None, "Check out", "success", 82, 90),
        step(3, None, "mvn verify", "failed", 90, 470),
        step(4, Some(3), "surefire:test @ shop-backend", "failed", 140, 460),
        step(5, None, "Upload reports", "skipped", 470, 470),
    ];
    let mut source = document(MAVEN, &steps);
    source["cuts"]["input"] = json!(null);
    let around = lines(
        1198,
        &[
            "[INFO] Running com.example.shop.PriceTest",
            "[INFO] Tests run: 14, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.21 s",
            "[INFO] Running com.example.shop.CartTest",
            "[WARN] clock skew of 3 s",
            "[DEBUG] opening the cart of user 4711",
            "",
            "[ERROR] Failures: ",
            "[ERROR]   CartTest.totals:42 expected: <19.90> but was: <20.90>",
            "\tat com.example.shop.CartTest.totals(CartTest.java:42)",
            "\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1596) and a very long line that goes on and on and on, as they do, without a single good place to break it/at/all/the/way/to/the/end",
            "[ERROR] Tests run: 120, Failures: 2, Errors: 0, Skipped: 1",
            "",
            "[INFO] ------------------------------------------------------------------------",
            "[INFO] BUILD FAILURE",
        ],
    );
    detail(night().remove(0), "", source, vec![around])
}

#[test]
fn a_failed_build_says_first_why() {
    let (detail, document) = failed_build();
    let html = show("build", page::build(&detail, &document, now()));
    is_harmless(&html);
    let places: Vec<_> = ["Why it failed", "Errors ", "Tests ", "Steps ", "Notes"]
        .map(|heading| html.find(&format!("<h2>{heading}")).unwrap())
        .to_vec();
    assert!(places.is_sorted());
    assert!(html.contains("secrets or personal data masked: 3"));
    assert!(html.contains("in <b>mvn verify</b>"));
    assert!(html.contains("<li class=\"error marked headline\"><a class=\"no\" href=\"/builds/github_actions-github.com-9182736455-1/log?part=&amp;from=1001#L1205\""));
}

#[test]
fn nothing_that_a_log_says_becomes_markup() {
    let mut evil = row(
        EVIL,
        Some(EVIL),
        &[log(EVIL, "failed", Some(EVIL)), log("b", "failed", Some(EVIL))],
        Status::Completed,
    );
    evil.error = Some(EVIL.to_owned());
    evil.error_part = Some(EVIL.to_owned());
    evil.run = Some(format!("javascript{EVIL}"));
    evil.aside = vec![EVIL.to_owned()];
    let list = List { builds: vec![evil.clone()], next: Some(EVIL.to_owned()) };
    let filter = ListFilter { application: EVIL.replace('\u{202e}', ""), ..ListFilter::default() };
    is_harmless(&show("list-evil", page::list(&list, &filter, now())));
    is_harmless(&page::deployment(&evil, Some(EVIL), now()).into_string());
    let source = document(EVIL, &[step(1, None, EVIL, "failed", 1, 9)]);
    let (detail, document) = detail(evil, EVIL, source.clone(), vec![lines(1200, &[EVIL])]);
    is_harmless(&show("build-evil", page::build(&detail, &document, now())));
    let log = LogPage {
        deployment_key: EVIL.to_owned(),
        part: EVIL.replace('\u{202e}', ""), // a hidden field sends it back as it is

        from: 1,
        lines_total: Some(3),
        lines: lines(1, &[EVIL]),
        errors: vec![(1, 1)],
    };
    is_harmless(&page::log(&log).into_string());
    let form = SearchForm { q: EVIL.replace('\u{202e}', ""), ..SearchForm::default() };
    let hit = FoundRecord {
        document: json!({ "deployment_key": EVIL, "part": EVIL, "line": 1, "end_line": 1, "message": EVIL, "application": EVIL, "level": "ERROR" }),
        before: lines(0, &[EVIL]),
        behind: Vec::new(),
    };
    let service = FoundRecord {
        document: json!({ "service": EVIL, "message": EVIL }),
        ..FoundRecord::default()
    };
    let found = Found {
        hits: vec![hit, service],
        total: 2,
        total_is_exact: true,
        next: Some(EVIL.to_owned()),
    };
    is_harmless(&page::found(&form, &found).into_string());
    is_harmless(&page::fault(&Fault::request(EVIL).advice(EVIL)).into_string());
    let wrong = Fault::from(logmill_query::parse("level=").unwrap_err());
    is_harmless(&page::misread(&form, &wrong).into_string());
}

#[test]
fn ten_thousand_steps_are_a_page_and_no_overflow() {
    let steps: Vec<_> = (1..=10_000)
        .map(|number| step(number, number.checked_sub(1), "deeper", "failed", number % 3000, 3000))
        .collect();
    let (detail, document) = detail(night().remove(0), "", document("x", &steps), Vec::new());
    let html = show("steps", page::build(&detail, &document, now()));
    assert!(html.contains("All 10,000 steps"));
    assert!(html.len() < 10_000_000);
    let circle =
        vec![step(1, Some(2), "a", "success", 1, 2), step(2, Some(1), "b", "success", 1, 2)];
    let source = crate::sample::document("x", &circle);
    let document: BuildDocument = serde_json::from_value(source).unwrap();
    assert!(page::build(&detail, &document, now()).into_string().contains("class=\"d1\""));
}

#[test]
fn an_empty_document_is_a_page() {
    let document: BuildDocument = serde_json::from_value(json!({})).unwrap();
    let html = show("build-empty", page::build(&Detail::default(), &document, now()));
    assert!(html.contains("unknown"));
}

#[test]
fn a_log_has_a_number_and_an_anchor_for_each_line() {
    let mut texts: Vec<_> = (1..=60)
        .map(|number| format!("[INFO] step {number} of 60: compiling a module with a name"))
        .collect();
    texts[20] = "[ERROR] cannot find symbol: class Über<T> 日本語 🦀".to_owned();
    texts[21] = "\tat com.example.Main.main(Main.java:7)".to_owned();
    texts[30] = "[WARN] deprecated".to_owned();
    texts[31] = "[DEBUG] cache hit".to_owned();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let mut shown = lines(501, &texts);
    shown.drain(40..45);
    let log = LogPage {
        deployment_key: "a/b".to_owned(),
        part: "test (3.12)".to_owned(),
        from: 501,
        lines_total: Some(4211),
        lines: shown,
        errors: vec![(521, 522), (4000, 4001)],
    };
    let html = show("log", page::log(&log));
    is_harmless(&html);
    assert!(html.contains("<li class=\"error marked\" id=\"L521\">"));
    assert!(html.contains("5 lines not indexed"));
    assert!(
        html.contains("/builds/a%2Fb/log?part=test%20%283.12%29&amp;from=1001"),
        "the next page"
    );
    assert!(html.contains("501–1,000 of 4,211"));
    let empty = LogPage { from: 9000, lines_total: Some(4211), ..LogPage::default() };
    assert!(page::log(&empty).into_string().contains("it has 4,211 lines"));
}

#[test]
fn a_hit_leads_to_its_line_and_a_wrong_query_to_its_column() {
    let form =
        SearchForm { q: "level>=ERROR \"connection refused\"".to_owned(), ..SearchForm::default() };
    let hit = |line: u64| FoundRecord {
        document: json!({ "@timestamp": "2026-11-21T14:03:07Z", "deployment_key": "jenkins-ci-shop-42", "part": "", "line": line, "end_line": line + 1, "level": "ERROR", "application": "shop", "message": "ERROR connection refused: db:5432\n\tat Pool.get(Pool.java:88)" }),
        before: lines(line - 2, &["INFO connecting to db:5432", "WARN the second try"]),
        behind: lines(line + 2, &["INFO giving up"]),
    };
    let found = Found {
        hits: vec![hit(777), hit(1501)],
        total: 10_000,
        total_is_exact: false,
        next: Some("[1,\"k\"]".to_owned()),
    };
    let html = show("search", page::found(&form, &found));
    assert!(html.contains("/builds/jenkins-ci-shop-42/log?part=&amp;from=501#L777"));
    assert!(html.contains("More than 10,000 records") && html.contains("after=%5B1%2C%22k%22%5D"));
    show("search-help", page::search_help(&SearchForm::default()));
    let wrong =
        SearchForm { q: "level=ERROR AND (service=shop".to_owned(), ..SearchForm::default() };
    let fault = Fault::from(logmill_query::parse(&wrong.q).unwrap_err());
    let column = fault.text.column.unwrap();
    let html = show("search-wrong", page::misread(&wrong, &fault));
    assert!(html.contains(&format!("{}^", " ".repeat(column - 1))));
    show("fault", page::fault(&Fault::late("The metadata")));
}

#[test]
fn numbers_and_times_are_said_as_people_do() {
    assert_eq!(text::duration(0.01), "0 s");
    assert_eq!(text::duration(0.44), "0.4 s");
    assert_eq!(text::duration(59.7), "1 min 00 s");
    assert_eq!(text::duration(3725.0), "1 h 02 min");
    assert_eq!(text::duration(90_000.0), "1 d 1 h");
    assert_eq!(text::ago(at("2026-11-21T14:18:00Z"), now()), "12 min ago");
    assert_eq!(
        text::ago(at("2026-11-21T14:31:30Z"), now()),
        "2026-11-21 14:31:30 UTC",
        "a clock ahead"
    );
    assert_eq!(text::first_line("\n  日本語の行 \nx", 3), "日本語…");
    assert_eq!((text::lines(7, 7), text::lines(7, 12)), ("line 7".into(), "lines 7–12".into()));
    let sizes = [1, 9_967, 999_999].map(text::bytes);
    assert_eq!(sizes, ["1 byte", "10 kB", "1.0 MB"]);
    assert_eq!(text::count(1_234_567, "line"), "1,234,567 lines");
}
