//! Cases about searching.

use std::collections::BTreeSet;

use logmill_model::{Level, id};
use logmill_query::{Query, analyzer};
use serde_json::json;

use super::sample::{observed, origin, record, with_fields, with_level};
use super::{Bench, Fault, Result, same};
use crate::client::Request;
use crate::{ErrorKind, Kind, Month, Search, Sort};

pub(super) async fn a_search_before_the_first_document_finds_nothing(bench: &Bench) -> Result {
    same("hits", &bench.find(Kind::Logs, "none", "anything").await?.hits.len(), &0)?;
    let count = bench.documents.count(Kind::Builds, &Query::Everything, bench.deadline()).await?;
    same("count", &count, &0)?;
    let deleted = bench.documents.delete_part("none", "", bench.deadline()).await?;
    same("deleted", &deleted, &0)
}

pub(super) async fn texts_are_cut_into_the_same_words(bench: &Bench) -> Result {
    bench.write_lines("words", &["so that the index is there"]).await?;
    let index = bench.documents.names().index(Kind::Logs, Month::of(observed()));
    let long = format!("in {} of {} end", "y".repeat(257), "ü".repeat(256));
    for text in [
        "error[E0308]: src/main.rs:12 --no-verify ...maybe... v1.2.3-rc.1 a-",
        "FOO_BAR=1 ÄRGER Straße İstanbul ΣΑΣ ǅungla",
        "日本語のテキスト ไทย देवनागरी ١٢٣٤ ⅷⅷⅷ ①②③ ªºª",
        "\u{31350}\u{31350}\u{31350} \u{2EBF0}\u{2EBF0}\u{2EBF0} \u{10400}\u{10400} \u{10D40}\u{10D41}\u{10D42}",
        "e\u{301}te\u{301} \u{1F980}\u{1F980}\u{1F980} a\u{200d}bcd",
        "--- ... -.- ._. a.b-c_d",
        &long,
    ] {
        let request = Request::post("analysing", format!("/{index}/_analyze"))
            .json(&json!({ "analyzer": analyzer::NAME, "text": text }));
        let answer = bench.raw(request).await?;
        let found: Vec<_> = answer["tokens"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|token| {
                (token["token"].as_str().unwrap_or("").to_owned(), token["position"].as_u64())
            })
            .collect();
        let wanted: Vec<_> = analyzer::tokens(text)
            .map(|token| (token.text.into_owned(), u64::try_from(token.position).ok()))
            .collect();
        same(text, &found, &wanted)?;
    }
    Ok(())
}

pub(super) async fn words_and_phrases_are_found(bench: &Bench) -> Result {
    let key = "phrases";
    let texts =
        ["java heap: out of memory", "Memory is out", "linking src/main.rs failed", "out memory"];
    bench.write_lines(key, &texts).await?;
    bench
        .finds(
            key,
            &[
                ("memory", &[1, 2, 4]),
                ("MEMORY out", &[1, 2, 4]),
                ("\"out of memory\"", &[1]),
                ("\"out memory\"", &[4]),
                ("src/main.rs", &[3]),
                ("main", &[]),
                ("message=\"heap out\"", &[1]),
                ("message=*", &[1, 2, 3, 4]),
            ],
        )
        .await
}

pub(super) async fn a_phrase_does_not_reach_from_one_value_into_the_next(bench: &Bench) -> Result {
    let key = "gap";
    let one =
        with_fields(record(1, "a message"), &[("first", "alpha beta"), ("second", "gamma delta")]);
    bench.write(&origin(key, "", "g1"), &[one]).await?;
    bench
        .finds(key, &[("\"alpha beta\"", &[1]), ("\"gamma delta\"", &[1]), ("\"beta gamma\"", &[])])
        .await
}

pub(super) async fn fields_are_searched_as_text(bench: &Bench) -> Result {
    let key = "field-text";
    let one = with_fields(record(1, "a message"), &[("maven_plugin", "maven-surefire-plugin")]);
    bench.write(&origin(key, "", "g1"), &[one, record(2, "another message")]).await?;
    bench
        .finds(key, &[("maven-surefire-plugin", &[1]), ("maven-surefire-plugin message", &[1])])
        .await
}

pub(super) async fn beginnings_of_words_are_found(bench: &Bench) -> Result {
    let key = "beginnings";
    bench.write_lines(key, &["Connection timed out", "a timeout of 30s", "untimely"]).await?;
    bench.finds(key, &[("timeo*", &[2]), ("tim*", &[1, 2]), ("conn* out", &[1])]).await
}

pub(super) async fn names_are_compared_as_they_stand(bench: &Bench) -> Result {
    let key = "names";
    bench.write(&origin(key, "Unit Tests/linux", "g1"), &[record(1, "in a part")]).await?;
    bench.write(&origin(key, "", "g1"), &[record(2, "in none")]).await?;
    bench
        .finds(
            key,
            &[
                ("part=\"Unit Tests/linux\"", &[1]),
                ("part=\"Unit\"*", &[1]),
                ("part=\"unit tests/linux\"", &[]),
                ("part=\"\"", &[2]),
                ("part=*", &[1, 2]),
                ("part=(\"\" OR other)", &[2]),
            ],
        )
        .await
}

pub(super) async fn flattened_fields_know_equality_prefix_and_existence(bench: &Bench) -> Result {
    let key = "flattened";
    let records = [
        with_fields(record(1, "one"), &[("maven_phase", "compile"), ("maven_module", "core")]),
        with_fields(record(2, "two"), &[("maven_phase", "compile-tests")]),
        with_fields(record(3, "three"), &[("maven_module", "compile")]),
        record(4, "four"),
    ];
    bench.write(&origin(key, "", "g1"), &records).await?;
    bench
        .finds(
            key,
            &[
                ("fields.maven_phase=compile", &[1]),
                ("fields.maven_phase=comp*", &[1, 2]),
                ("fields.maven_phase=*", &[1, 2]),
                ("-fields.maven_module=*", &[2, 4]),
                ("fields.none=x", &[]),
            ],
        )
        .await
}

pub(super) async fn conditions_are_joined_as_written(bench: &Bench) -> Result {
    let key = "joined";
    let texts = ["alpha beta", "alpha gamma", "beta gamma", "delta"];
    bench.write_lines(key, &texts).await?;
    bench
        .finds(
            key,
            &[
                ("alpha beta", &[1]),
                ("alpha OR beta", &[1, 2, 3]),
                ("alpha AND (beta OR gamma)", &[1, 2]),
                ("(alpha OR delta) -gamma", &[1, 4]),
                ("NOT (alpha OR beta)", &[4]),
                ("alpha beta OR delta", &[1, 4]),
            ],
        )
        .await
}

pub(super) async fn negations_alone_find_all_others(bench: &Bench) -> Result {
    let key = "negated";
    bench.write_lines(key, &["alpha", "beta", "gamma"]).await?;
    bench
        .finds(
            key,
            &[
                ("-alpha", &[2, 3]),
                ("-alpha -beta", &[3]),
                ("NOT NOT alpha", &[1]),
                ("alpha OR -beta", &[1, 3]),
                ("-(-alpha -beta)", &[1, 2]),
            ],
        )
        .await
}

pub(super) async fn numbers_and_times_have_an_order(bench: &Bench) -> Result {
    let key = "order";
    let records: Vec<_> = (1..=5).map(|line| record(line, "ordered")).collect();
    bench.write(&origin(key, "", "g1"), &records).await?;
    bench
        .finds(
            key,
            &[
                ("line>3", &[4, 5]),
                ("line:[2 TO 4}", &[2, 3]),
                ("line<=2.5", &[1, 2]),
                ("line=3", &[3]),
                ("time>=2026-11-21T10:24:00Z", &[4, 5]),
                ("time<2026-11-21T10:22:00Z", &[1]),
                ("time=2026-11-21", &[1, 2, 3, 4, 5]),
                ("time>2026-11-21", &[]),
            ],
        )
        .await
}

pub(super) async fn levels_have_an_order(bench: &Bench) -> Result {
    let key = "levels";
    let levels = [Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];
    let records: Vec<_> =
        (1..).zip(levels).map(|(line, level)| with_level(record(line, "said"), level)).collect();
    bench.write(&origin(key, "", "g1"), &records).await?;
    bench
        .finds(key, &[("level>=warn", &[3, 4, 5]), ("level<info", &[1]), ("level=critical", &[5])])
        .await
}

pub(super) async fn other_names_of_fields_are_known(bench: &Bench) -> Result {
    let key = "other-names";
    let records = [with_level(record(1, "one"), Level::Warn), record(2, "two")];
    bench.write(&origin(key, "", "g1"), &records).await?;
    let query = Query::all_of([Query::is("deployment_key", key), Query::is("log.level", "WARN")]);
    let count = bench.documents.count(Kind::Logs, &query, bench.deadline()).await?;
    same("by the alias log.level", &count, &1)
}

pub(super) async fn a_document_is_found_by_its_id(bench: &Bench) -> Result {
    let (key, part) = ("an id/with ü", "p q");
    bench.write(&origin(key, part, "g1"), &[record(5, "to be found")]).await?;
    let id = id::line_document_id(key, part, 5);
    let hit = bench.documents.get(Kind::Logs, &id, bench.deadline()).await?;
    same("its line", &hit.map(|hit| hit.source["line"].clone()), &Some(json!(5)))?;
    let none = bench.documents.get(Kind::Logs, "no/such/1", bench.deadline()).await?;
    same("another id", &none.is_none(), &true)
}

pub(super) async fn lines_come_in_their_order(bench: &Bench) -> Result {
    let key = "lines";
    let mut records: Vec<_> = (1..=20).rev().map(|line| record(line * 10, "a line")).collect();
    for record in &mut records {
        record.end_line = record.line + 9;
    }
    bench.write(&origin(key, "p", "g1"), &records).await?;
    let hits = bench.documents.lines(key, "p", 95, 120, bench.deadline()).await?;
    let lines: Vec<_> = hits.iter().filter_map(|hit| hit.source["line"].as_u64()).collect();
    same("lines 95 to 120", &lines, &vec![90, 100, 110, 120])
}

pub(super) async fn pages_show_every_document_once(bench: &Bench) -> Result {
    let key = "pages";
    let mut records: Vec<_> = (1..=45).map(|line| record(line, "a page's line")).collect();
    for record in &mut records {
        record.timestamp = Some(observed());
    }
    for part in ["a", "b"] {
        bench.write(&origin(key, part, "g1"), &records).await?;
    }
    for sort in [Sort::Newest, Sort::Oldest] {
        let query = Query::is("deployment_key", key);
        let mut search = Search { sort, size: 20, ..Search::new(Kind::Logs, query) };
        let (mut seen, mut pages) = (BTreeSet::new(), 0);
        loop {
            let page = bench.documents.search(&search, bench.deadline()).await?;
            same("total", &page.total.value, &90)?;
            pages += 1;
            for hit in page.hits {
                if !seen.insert(hit.id.clone()) {
                    return Err(Fault(format!("{} stands on two pages", hit.id)));
                }
            }
            search.after = page.next;
            if search.after.is_none() || pages > 10 {
                break;
            }
        }
        same("documents and pages", &(seen.len(), pages), &(90, 5))?;
    }
    Ok(())
}

pub(super) async fn a_wrong_query_is_refused(bench: &Bench) -> Result {
    let alias = bench.documents.names().alias(Kind::Logs);
    let request = Request::post("searching", format!("/{alias}/_search"))
        .json(&json!({ "query": { "no_such_query": {} } }));
    match bench.documents.send::<serde_json::Value>(&request, bench.deadline()).await {
        Err(error) => same("kind", &error.kind, &ErrorKind::Refused),
        Ok(answer) => Err(Fault(format!("it answered {answer}"))),
    }
}
