//! Logs of each CI system, short: what their jobs and steps come to.

use crate::{Assumed, Event, Options, Parser};

/// What was found.
#[derive(Default)]
struct Seen {
    /// `first-last result name started finished`, in the order in which they began.
    steps: Vec<String>,
    /// `line-end_line time message`
    records: Vec<String>,
    /// `line tool reason`
    errors: Vec<String>,
    result: &'static str,
}

fn read(log: &str) -> Seen {
    let mut seen = Seen::default();
    let mut steps = Vec::new();
    let mut sink = |event: Event<'_>| match event {
        Event::Record(record) => {
            let time = record.timestamp.map_or_else(|| "-".to_owned(), |time| time.to_string());
            let message = record.message.replace('\n', "|");
            seen.records.push(format!("{}-{} {time} {message}", record.line, record.end_line));
        }
        Event::Step(step) => {
            let second = |time: Option<jiff::Timestamp>| {
                time.map_or_else(|| "-".to_owned(), |time| (time.as_second() % 1000).to_string())
            };
            let (start, end) = (second(step.started_at), second(step.finished_at));
            let parent = step.parent.map_or_else(String::new, |parent| format!(" in {parent}"));
            steps.push((
                step.number,
                format!(
                    "{}-{} {} {start}..{end} {}{parent}",
                    step.start_line,
                    step.end_line,
                    step.result.as_str(),
                    step.name
                ),
            ));
        }
        Event::Error(error) => {
            seen.errors.push(format!("{} {} {}", error.line, error.tool, error.reason.as_str()));
        }
        Event::Build(build) => seen.result = build.result.as_str(),
        _ => {}
    };
    let assumed = Assumed { date: Some(jiff::civil::date(2024, 5, 1)), seconds_east: 0 };
    let mut parser = Parser::new(Options { assumed, ..Options::default() });
    parser.push(log.as_bytes(), &mut sink);
    parser.finish(None, &mut sink);
    steps.sort();
    seen.steps = steps.into_iter().map(|(_, step)| step).collect();
    seen
}

/// A line as GitHub's runner and Azure's agent stamp it.
fn stamped(log: &str) -> String {
    log.lines().map(|line| format!("2024-05-01T12:00:00.1234567Z {line}\n")).collect()
}

#[test]
fn the_sections_of_gitlab_are_steps_and_the_job_s_end_says_which_failed() {
    let seen = read(
        "Running with gitlab-runner 17.0.0 (44feccdf)\n\
         section_start:1714564801:prepare_script\r\x1b[0KPreparing environment\n\
         Running on runner-x...\n\
         section_end:1714564803:prepare_script\r\x1b[0Ksection_start:1714564803:step_script\r\x1b[0KExecuting\n\
         section_start:1714564804:deps[collapsed=true]\r\x1b[0KInstalling\n\
         section_end:1714564805:deps\r\x1b[0K\n\
         $ make\n\
         make: *** [all] Error 2\n\
         section_end:1714564809:step_script\r\x1b[0Ksection_start:1714564809:cleanup_file_variables\r\x1b[0KCleaning\n\
         section_end:1714564810:cleanup_file_variables\r\x1b[0K\x1b[31;1mERROR: Job failed: exit code 2\n",
    );
    assert_eq!(
        seen.steps,
        [
            "2-4 success 801..803 prepare_script",
            "4-9 failed 803..809 step_script",
            "5-6 success 804..805 deps in 2",
            "9-10 success 809..810 cleanup_file_variables",
        ]
    );
    assert_eq!(seen.result, "failed");
    assert!(seen.errors.contains(&"10 gitlab summary".to_owned()), "{:?}", seen.errors);
    assert_eq!(seen.records[4], "5-5 2024-05-01T12:00:04Z Installing");
    assert_eq!(seen.records[6], "7-7 2024-05-01T12:00:05Z $ make");
}

#[test]
fn a_gitlab_job_that_succeeded_has_no_failed_step() {
    let seen = read(
        "section_start:1714564801:build_script\r\x1b[0K$ ls\nok\n\
         section_end:1714564802:build_script\r\x1b[0KJob succeeded\n",
    );
    assert_eq!(seen.steps, ["1-3 success 801..802 build_script"]);
    assert_eq!((seen.result, seen.errors.len()), ("success", 0));
}

#[test]
fn gitlab_s_stamped_lines_are_read_without_their_prefix_and_its_parts_as_one_line() {
    let seen = read(
        "2024-05-01T12:00:00.000001Z 00O Running with gitlab-runner 17.0.0\n\
         2024-05-01T12:00:01.000001Z 00O section_start:1714564801:step_script\r\n\
         2024-05-01T12:00:01.000002Z 00O+\x1b[0K\x1b[0KExecuting\n\
         2024-05-01T12:00:02.000002Z 01O first \n\
         2024-05-01T12:00:03.000002Z 01O+second\n\
         2024-05-01T12:00:04.000002Z 01E error: broken\n\
         2024-05-01T12:00:05.000002Z 00O section_end:1714564805:step_script\r\n\
         2024-05-01T12:00:05.000003Z 00O+\x1b[0K\n\
         2024-05-01T12:00:06.000003Z 00O Job succeeded\n",
    );
    assert_eq!(seen.steps, ["2-7 success 801..805 step_script"]);
    assert_eq!(seen.records[1], "2-3 2024-05-01T12:00:01.000001Z Executing");
    assert_eq!(seen.records[2], "4-5 2024-05-01T12:00:02.000002Z first second");
    assert_eq!(seen.records[3], "6-6 2024-05-01T12:00:04.000002Z error: broken");
    assert_eq!(seen.result, "success");
}

#[test]
fn the_stages_of_a_jenkins_pipeline_are_steps_and_the_one_before_the_skipped_failed() {
    let seen = read(
        "Started by user x\n\
         \x1b[8mha:////4AAAA=\x1b[0m[Pipeline] Start of Pipeline\n\
         [Pipeline] node\n\
         Running on agent-1 in /home/jenkins/workspace/x\n\
         [Pipeline] {\n\
         [Pipeline] stage\n\
         [Pipeline] { (Build)\n\
         [Pipeline] sh\n\
         [2024-05-01T12:00:01.000Z] + make\n\
         [Pipeline] }\n\
         [Pipeline] // stage\n\
         [Pipeline] stage\n\
         [Pipeline] { (Test)\n\
         12:00:02  + make check\n\
         [Pipeline] }\n\
         [Pipeline] // stage\n\
         [Pipeline] stage\n\
         [Pipeline] { (Deploy)\n\
         Stage \"Deploy\" skipped due to earlier failure(s)\n\
         [Pipeline] }\n\
         [Pipeline] // stage\n\
         [Pipeline] stage\n\
         [Pipeline] { (Declarative: Post Actions)\n\
         [Pipeline] }\n\
         [Pipeline] // stage\n\
         [Pipeline] }\n\
         [Pipeline] // node\n\
         [Pipeline] End of Pipeline\n\
         ERROR: script returned exit code 2\n\
         Finished: FAILURE\n",
    );
    assert_eq!(
        seen.steps,
        [
            "7-10 success -..801 Build",
            "13-15 failed 801..802 Test",
            "18-20 skipped 802..802 Deploy",
            "23-24 success 802..802 Declarative: Post Actions",
        ]
    );
    assert_eq!(seen.result, "failed");
    assert!(seen.records.contains(&"9-9 2024-05-01T12:00:01Z + make".to_owned()));
    assert!(seen.records.contains(&"14-14 2024-05-01T12:00:02Z + make check".to_owned()));
    assert_eq!(seen.errors, ["29 jenkins summary", "30 jenkins summary"]);
}

#[test]
fn parallel_branches_of_jenkins_are_read_without_their_names_before_each_line() {
    let seen = read(
        "Started by timer\n\
         [Pipeline] parallel\n\
         [Pipeline] { (Branch: linux)\n\
         [Pipeline] { (Branch: mac)\n\
         [linux] + make\n\
         [other] + make\n\
         [Pipeline] }\n\
         [Pipeline] }\n\
         Finished: SUCCESS\n",
    );
    assert_eq!(seen.records[4], "5-5 - + make");
    assert_eq!(seen.records[5], "6-6 - [other] + make");
    assert_eq!(seen.result, "success");
}

#[test]
fn the_folds_and_commands_of_travis_are_steps_with_their_times() {
    let seen = read(
        "travis_fold:start:system_info\r\x1b[0K\x1b[33;1mBuild system information\x1b[0m\n\
         travis_fold:end:system_info\r\x1b[0K\n\
         travis_fold:start:install\r\x1b[0Ktravis_time:start:0a1b2c3d\r\x1b[0K$ npm ci\n\
         added 1 package\n\
         travis_time:end:0a1b2c3d:start=1714564801000000000,finish=1714564803500000000,duration=2500000000\r\x1b[0K\
         travis_fold:end:install\r\x1b[0K\n\
         travis_time:start:1a1b2c3d\r\x1b[0K$ npm test\n\
         travis_time:end:1a1b2c3d:start=1714564804000000000,finish=1714564806000000000,duration=2000000000\r\x1b[0K\n\
         \x1b[31;1mThe command \"npm test\" exited with 1.\x1b[0m\n\
         \n\
         Done. Your build exited with 1.\n",
    );
    assert_eq!(
        seen.steps,
        [
            "1-2 success -..- system_info",
            "3-5 success 801..803 install",
            "6-8 failed 804..806 npm test",
        ]
    );
    assert_eq!(seen.result, "failed");
    assert_eq!(seen.errors, ["8 travis summary"]);
}

#[test]
fn the_tasks_of_azure_are_steps() {
    let seen = read(&stamped(
        "##[section]Starting: Job\n\
         ##[section]Starting: Initialize job\n\
         Agent name: 'x'\n\
         ##[section]Finishing: Initialize job\n\
         ##[section]Starting: Build\n\
         ##[group]env\n\
         A=1\n\
         ##[endgroup]\n\
         a.c:3:5: error: unknown type name 'in'\n\
         ##[error]Bash exited with code '1'.\n\
         ##[section]Finishing: Build\n\
         ##[section]Finishing: Job\n",
    ));
    assert_eq!(
        seen.steps,
        [
            "1-12 failed 800..800 Job",
            "2-4 success 800..800 Initialize job in 1",
            "5-11 failed 800..800 Build in 1",
            "6-8 unknown 800..800 env in 3",
        ]
    );
    assert_eq!(seen.errors, ["9 compiler compiler", "10 azure summary"]);
    assert_eq!(seen.result, "failed");
}

#[test]
fn the_groups_of_buildkite_are_steps() {
    let seen = read(
        "\x1b_bk;t=1714564800123\x07~~~ Running agent environment hook\r\n\
         \x1b_bk;t=1714564801123\x07--- :hammer: Build\r\n\
         \x1b_bk;t=1714564802123\x07make\r\n\
         \x1b_bk;t=1714564803123\x07+++ Test\r\n\
         \x1b_bk;t=1714564804123\x07--- a/file.c\r\n\
         \x1b_bk;t=1714564805123\x07^^^ +++\r\n\
         \x1b_bk;t=1714564805123\x07\x1b[31m🚨 Error: The command exited with status 1\x1b[0m\r\n",
    );
    assert_eq!(
        seen.steps,
        [
            "1-1 success 800..800 Running agent environment hook",
            "2-3 success 801..802 :hammer: Build",
            "4-7 failed 803..805 Test",
        ]
    );
    assert_eq!(seen.records[2], "3-3 2024-05-01T12:00:02.123Z make");
    assert_eq!((seen.result, &*seen.errors[0]), ("failed", "7 buildkite summary"));
}

#[test]
fn a_build_of_teamcity_is_read_without_its_prefixes() {
    let seen = read(
        "Build 'A :: B' #12, default branch 'main'\n\
         [12:00:01]i: TeamCity server version is 2023.11\n\
         [12:00:02] :\t Step 1/2: Compile (Gradle)\n\
         [12:00:03]W:\t\t [Step 1/2] deprecated\n\
         [12:00:04] :\t Step 2/2: Test (Command Line)\n\
         [12:00:05]E:\t\t [Step 2/2] Process exited with code 1\n\
         [12:00:06]W:\t Step Test (Command Line) failed\n\
         [12:00:07] : Build finished\n",
    );
    assert_eq!(
        seen.steps,
        [
            "3-4 success 802..803 Step 1/2: Compile (Gradle)",
            "5-8 failed 804..807 Step 2/2: Test (Command Line)",
        ]
    );
    assert_eq!(seen.records[3], "4-4 2024-05-01T12:00:03Z deprecated");
    assert_eq!(seen.result, "failed");
}

#[test]
fn circleci_tells_how_its_step_ended() {
    let seen = read("Build-agent version 1.0.1\nmake: ok\n\nExited with code exit status 137\n");
    assert_eq!((seen.result, &*seen.errors[0]), ("failed", "4 circleci resource"));
}

#[test]
fn the_lines_of_containers_are_read_without_their_envelope_and_parts_as_one_line() {
    let seen = read(
        "2024-05-01T12:00:00.123456789Z stdout F plain\n\
         2024-05-01T12:00:01.123456789Z stdout P long \n\
         2024-05-01T12:00:02.123456789Z stdout F line\n\
         2024-05-01T14:00:03.5+02:00 stderr F \x1b[31merror: broken\x1b[0m\n\
         {\"log\":\"\\u001b[31mERROR\\u001b[0m a \\\"b\\\"\\n\",\"stream\":\"stderr\",\"time\":\"2024-05-01T12:00:04.123456789Z\"}\n\
         {\"log\":\"one \",\"stream\":\"stdout\",\"time\":\"2024-05-01T12:00:05Z\"}\n\
         {\"log\":\"two\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-01T12:00:06Z\"}\n",
    );
    assert_eq!(
        seen.records,
        [
            "1-1 2024-05-01T12:00:00.123456789Z plain",
            "2-3 2024-05-01T12:00:01.123456789Z long line",
            "4-4 2024-05-01T12:00:03.5Z error: broken",
            "5-5 2024-05-01T12:00:04.123456789Z ERROR a \"b\"",
            "6-7 2024-05-01T12:00:05Z one two",
        ]
    );
}

#[test]
fn a_job_that_prints_the_log_of_a_container_or_of_another_job_is_still_itself() {
    let seen = read(&stamped(
        "##[group]Run kubectl logs x\n\
         2024-01-01T00:00:00.123456789Z stdout F ready\n\
         {\"log\":\"steady\\n\",\"stream\":\"stdout\",\"time\":\"2024-01-01T00:00:00Z\"}\n\
         section_start:1714564801:build_script\r\x1b[0K$ ls\n\
         [Pipeline] { (Build)\n\
         Job succeeded\n\
         Finished: SUCCESS\n\
         ##[error]Process completed with exit code 1.\n\
         Cleaning up orphan processes\n",
    ));
    assert_eq!(seen.steps.len(), 2, "{:?}", seen.steps);
    assert_eq!(seen.steps[0], "1-8 failed 800..800 Run kubectl logs x");
    assert_eq!(seen.records[1], "2-2 2024-05-01T12:00:00.1234567Z ready");
    assert_eq!(seen.records[2], "3-3 2024-05-01T12:00:00.1234567Z steady");
    assert_eq!(seen.result, "failed");
}

#[test]
fn a_step_of_a_composite_action_that_may_fail_does_not_fail_the_job() {
    let log = |conclusion: &str| {
        stamped(&format!(
            "##[group]Run ./.github/actions/x\n\
             ##[endgroup]\n\
             ##[start-action display=Install;id=cb.__run]\n\
             ##[group]Run npm ci\n\
             ##[endgroup]\n\
             ##[\\end-action id=cb.__run;outcome=success;conclusion=success]\n\
             ##[error]Process completed with exit code 3.\n\
             ##[end-action id=cb.__run;outcome=failure;conclusion={conclusion};duration_ms=14]\n\
             Post job cleanup.\n\
             Cleaning up orphan processes\n"
        ))
    };
    let seen = read(&log("success"));
    assert_eq!(seen.result, "success");
    assert_eq!(seen.steps[0], "1-8 success 800..800 Run ./.github/actions/x");
    assert_eq!(seen.steps[1], "3-8 success 800..800 Install in 1");
    let seen = read(&log("failure"));
    assert_eq!(seen.result, "failed");
    assert_eq!(seen.steps[0], "1-8 failed 800..800 Run ./.github/actions/x");
    assert_eq!(seen.steps[1], "3-8 failed 800..800 Install in 1");
}

#[test]
fn words_of_one_system_in_the_log_of_another_are_text() {
    for (log, result) in [
        (
            "Started by timer\nJob succeeded\nDone. Your build exited with 1.\nFinished: SUCCESS\n",
            "success",
        ),
        ("section_start:1:a\r\nFinished: FAILURE\nJob succeeded\n", "success"),
        ("Finished: FAILURE\n", "unknown"),
        ("Job succeeded\n", "unknown"),
        ("section_start:x:a\r\nJob succeeded\n", "unknown"),
    ] {
        assert_eq!(read(log).result, result, "{log}");
    }
}

#[test]
fn a_log_of_one_step_out_of_a_run_s_archive_has_that_step_alone() {
    let seen = read(&stamped(
        "##[group]Run make\nmake\n##[endgroup]\nmake: *** [all] Error 2\n\
         ##[error]Process completed with exit code 2.\n",
    ));
    assert_eq!(seen.steps, ["1-5 failed 800..800 Run make"]);
    assert_eq!(seen.result, "failed");
    let seen = read(&stamped("Post job cleanup.\n"));
    assert_eq!(seen.steps, ["1-1 unknown 800..800 Post job cleanup"]);
}

#[test]
fn a_github_log_that_lost_its_stamps_still_says_that_the_job_failed() {
    let log = "##[group]Run make\n##[endgroup]\n##[error]Process completed with exit code 2.\n";
    assert_eq!(read(log).result, "failed");
    assert_eq!(read("make\n").result, "unknown");
}
