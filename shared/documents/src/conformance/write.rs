//! Cases about writing.

use logmill_model::{
    Build, Explanation, LogError, Outcome, Reason, Severity, Step, TestCase, TestCounts,
    TestOutcome,
};
use serde_json::{Value, json};

use super::sample::{before, observed, origin, record, with_fields};
use super::{Bench, Fault, Result, same};
use crate::client::Request;
use crate::{BuildParts, BulkLimits, BulkWriter, Kind, ListCuts};

pub(super) async fn the_engine_says_its_version(bench: &Bench) -> Result {
    let version = bench.documents.server(bench.deadline()).await?.version;
    same("it begins with a number", &version.starts_with(|c: char| c.is_ascii_digit()), &true)
}

pub(super) async fn templates_can_be_written_again(bench: &Bench) -> Result {
    bench.documents.migrate(bench.deadline()).await?;
    let name = bench.documents.names().template(Kind::Logs);
    let request = Request::get("reading a template", format!("/_index_template/{name}"));
    let answer = bench.raw(request).await?;
    same("its name", &answer["index_templates"][0]["name"], &json!(name))?;
    let plan = bench.documents.plan(bench.deadline()).await?;
    let kept = plan.steps.iter().all(|step| step.action == crate::Action::Keep);
    same("nothing is left to do", &kept, &true)
}

pub(super) async fn a_record_comes_back_as_it_was_written(bench: &Bench) -> Result {
    let key = "as-written";
    let one = with_fields(
        record(7, "Übung \u{1F980} \"quoted\"\n\tsecond"),
        &[("maven_phase", "compile")],
    );
    bench.write(&origin(key, "unit tests/a", "g1"), &[one]).await?;
    let page = bench.find(Kind::Logs, key, "maven_phase").await;
    same("a field's name is not in the text", &page.map(|page| page.hits.len()).ok(), &Some(0))?;
    let page = bench.find(Kind::Logs, key, "fields.maven_phase=compile").await?;
    let source = page.hits.first().map(|hit| hit.source.clone()).unwrap_or_default();
    let wanted = json!({
        "@timestamp": "2026-11-21T10:27:00Z",
        "deployment_key": key,
        "part": "unit tests/a",
        "source": "jenkins",
        "application": "shop",
        "generation": "g1",
        "parser_version": "1",
        "observed_at": "2026-11-21T12:00:00Z",
        "line": 7, "end_line": 7,
        "kind": "text",
        "message": "Übung \u{1F980} \"quoted\"\n\tsecond",
        "fields": { "maven_phase": "compile" },
    });
    same("the document", &source, &wanted)
}

pub(super) async fn the_same_log_twice_is_there_once(bench: &Bench) -> Result {
    let key = "twice";
    bench.write_lines(key, &["first line", "second line"]).await?;
    bench.write_lines(key, &["first line", "changed line"]).await?;
    bench.finds(key, &[("", &[1, 2]), ("second", &[]), ("changed", &[2])]).await
}

pub(super) async fn months_follow_the_stamp_and_else_the_time_of_observation(
    bench: &Bench,
) -> Result {
    let key = "months";
    let mut records: Vec<_> = (1..=4).map(|line| record(line, "a stamped line")).collect();
    records[1].timestamp = before(60 * 24 * 40);
    records[2].timestamp = before(60 * 24 * 400);
    records[3].timestamp = None;
    bench.write(&origin(key, "", "g1"), &records).await?;
    let page = bench.find(Kind::Logs, key, "").await?;
    let months: Vec<_> =
        page.hits.iter().map(|hit| hit.index.rsplit('-').next().unwrap_or("")).collect();
    same("months", &months, &vec!["2026.11", "2026.10", "2026.11", "2026.11"])?;
    bench
        .finds(
            key,
            &[
                ("time_fault=out_of_range", &[3]),
                ("time_fault=missing", &[4]),
                ("time<2026-01-01", &[3]),
                ("-time_fault=*", &[1, 2]),
            ],
        )
        .await
}

pub(super) async fn one_refused_document_does_not_stop_the_others(bench: &Bench) -> Result {
    let key = "refused";
    let records =
        [record(1, "a good line"), record(u64::MAX, "no such line"), record(3, "another one")];
    let written = bench.send(&origin(key, "", "g1"), &records).await?;
    same("written", &written.written, &2)?;
    let [rejected] = written.rejected.as_slice() else {
        return Err(Fault(format!("rejected: {:?}", written.rejected)));
    };
    same("status", &rejected.status, &400)?;
    same(
        "its document is kept",
        &String::from_utf8_lossy(&rejected.item).contains("no such line"),
        &true,
    )?;
    same("a reason is given", &rejected.reason.is_empty(), &false)?;
    bench.finds(key, &[("", &[1, 3])]).await
}

fn steps() -> Vec<Step> {
    let step = |number, name: &str, result| Step {
        number,
        parent: None,
        name: name.to_owned(),
        result,
        started_at: before(9),
        finished_at: before(8),
        start_line: 1,
        end_line: 9,
        errors: 0,
    };
    vec![step(1, "Check out", Outcome::Success), step(2, "Compile", Outcome::Failed)]
}

pub(super) async fn a_build_is_found_by_what_it_says(bench: &Bench) -> Result {
    let key = "a-build";
    let build = Build {
        result: Outcome::Failed,
        tools: vec!["cargo".to_owned()],
        started_at: before(10),
        finished_at: Some(observed()),
        lines: 40,
        tests: Some(TestCounts { run: 5, passed: 4, failed: 1, skipped: 0 }),
        ..Build::default()
    };
    let error = LogError {
        line: 8,
        end_line: 9,
        severity: Severity::Error,
        reason: Reason::Compiler,
        message: "cannot find value `x` in this scope".to_owned(),
        tool: "cargo".to_owned(),
        step: Some(2),
        template_id: None,
    };
    let explanation = Explanation {
        line: 8,
        end_line: 9,
        headline: "let y = x;".to_owned(),
        headline_line: 9,
        reason: Reason::Compiler,
        tool: "cargo".to_owned(),
        step: Some(2),
        message: error.message.clone(),
    };
    let steps = steps();
    let parts = BuildParts {
        deployment_type: Some("build"),
        build: &build,
        steps: &steps,
        errors: &[error],
        explanation: &[explanation],
        failures: &[],
        cut: ListCuts { errors: 7, ..ListCuts::default() },
    };
    let mut writer = BulkWriter::new(bench.documents.names().clone(), BulkLimits::default());
    writer.build(&origin(key, "", "g1"), parts)?;
    let written = bench.documents.write(writer.take(), bench.deadline()).await?;
    same("written", &written.written, &1)?;
    bench.documents.refresh(bench.deadline()).await?;
    for (query, wanted) in [
        ("result=failed", 1),
        ("result=success", 0),
        ("tests.failed>0 duration_s=600", 1),
        ("steps.name=\"Check out\"", 1),
        ("explanation.message=\"cannot find value\"", 1),
        ("\"in this scope\"", 1),
        ("errors.severity>=error tools=cargo", 1),
        ("metrics.lines<40", 0),
        ("started_at>=2026-11-21", 1),
    ] {
        let page = bench.find(Kind::Builds, key, query).await?;
        same(query, &page.hits.len(), &wanted)?;
    }
    Ok(())
}

pub(super) async fn tests_are_documents_of_their_own(bench: &Bench) -> Result {
    let key = "tests";
    let mut writer = BulkWriter::new(bench.documents.names().clone(), BulkLimits::default());
    for (line, result) in [(1, TestOutcome::Pass), (2, TestOutcome::Fail)] {
        let test = TestCase {
            framework: "junit".to_owned(),
            name: format!("adds_{line}"),
            classname: Some("org.example.CalcTest".to_owned()),
            result,
            duration_s: Some(0.25),
            message: None,
            line,
        };
        writer.test(&origin(key, "", "g1"), before(10), &test)?;
    }
    let _ = bench.documents.write(writer.take(), bench.deadline()).await?;
    bench.documents.refresh(bench.deadline()).await?;
    for (query, wanted) in [
        ("result=fail", vec![2]),
        ("classname=org.example.CalcTest", vec![1, 2]),
        ("adds_1", vec![1]),
        ("duration_s>0.3", vec![]),
    ] {
        let page = bench.find(Kind::Tests, key, query).await?;
        let lines: Vec<_> =
            page.hits.iter().filter_map(|hit| hit.source["line"].as_u64()).collect();
        same(query, &lines, &wanted)?;
    }
    Ok(())
}

pub(super) async fn long_and_odd_texts_are_taken(bench: &Bench) -> Result {
    let key = "odd \"key\" / ü%20";
    let endless = "x".repeat(64 * 1024);
    let texts = [endless.as_str(), "", "\u{0}\u{7f}\u{fffd}", "C:\\temp\\*.log {\"a\": [1]}"];
    bench.write_lines(key, &texts).await?;
    bench.finds(key, &[("", &[1, 2, 3, 4]), ("temp", &[4])]).await
}

pub(super) async fn a_thousand_documents_go_in_one_request(bench: &Bench) -> Result {
    let key = "thousand";
    let records: Vec<_> = (1..=1000).map(|line| record(line, "one of many lines")).collect();
    let written = bench.send(&origin(key, "", "g1"), &records).await?;
    same("written in one request", &(written.written, written.requests), &(1000, 1))?;
    let page: Value = json!(bench.find(Kind::Logs, key, "many").await?.total.value);
    same("found", &page, &json!(1000))
}
