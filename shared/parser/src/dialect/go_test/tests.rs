use super::super::tests::read;

#[test]
fn a_failed_test_is_explained_by_its_message() {
    let seen = read(include_str!("../../../testdata/go_test.log"));
    assert_eq!(seen.explanation, ["4-5 go assertion"]);
    assert_eq!(seen.tests, ["fail - TestTotal", "fail TestTotal TestTotal/two_items"]);
    assert_eq!(seen.summaries, ["go 2 run 0 passed 2 failed 0 skipped"]);
    assert_eq!(seen.result, "failed");
}

#[test]
fn of_tests_that_log_as_they_run_only_the_failed_ones_explain() {
    let seen = read(
        "=== RUN   TestA\n    a_test.go:1: want luck\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n\
         === RUN   TestB/x\n    a_test.go:9: got 1, want 2\n        a: b\n--- FAIL: TestB (0.00s)\n\
         \x20   --- FAIL: TestB/x (0.00s)\nFAIL\nFAIL\ta/b\t0.01s\n",
    );
    assert_eq!(seen.explanation, ["6-7 go assertion"]);
    assert_eq!(seen.messages, ["9 a_test.go:9: got 1, want 2"]);
}

#[test]
fn a_panic_is_told_and_not_what_the_test_logged_before() {
    let seen = read(
        "=== RUN   TestA\n    a_test.go:1: opening\n--- FAIL: TestA (0.00s)\n\
         panic: runtime error: index out of range [3] with length 3 [recovered]\n\tpanic: again\n\n\
         goroutine 18 [running]:\na/b.TestA(0xc0000a)\n\t/a/b/a_test.go:9 +0x1d\nFAIL\ta/b\t0.01s\n",
    );
    assert_eq!(seen.explanation, ["4-9 trace exception"]);
    assert_eq!(seen.summaries, ["go 1 run 0 passed 1 failed 0 skipped"]);
}

#[test]
fn a_test_that_took_too_long_is_in_error_and_the_reason_is_the_timeout() {
    let seen = read(
        "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestSlow\n    a_test.go:4: waiting\n\
         panic: test timed out after 1s\nrunning tests:\n\tTestSlow (1s)\n\ngoroutine 9 [running]:\n\
         testing.(*M).startAlarm.func1()\n\t/go/src/testing/testing.go:2366 +0x385\nexit status 2\nFAIL\ta/b\t1.01s\n",
    );
    assert_eq!(seen.tests, ["pass - TestA", "error - TestSlow"]);
    assert_eq!(seen.messages, ["3 panic: test timed out after 1s"]);
    assert_eq!(seen.explanation, ["5-7 go timeout"]);
}

#[test]
fn packages_that_did_not_build_or_died_outside_a_test_are_counted() {
    let seen = read("# a/b\nx.go:1:2: undefined: y\nFAIL\ta/b [build failed]\npanic: init\nFAIL\ta/c\t0.003s\n");
    assert_eq!(seen.tests, ["error a/b [build failed]", "error a/c Failure"]);
    assert_eq!(seen.summaries.len(), 2);
    let seen = read("?   \ta/d\t[no test files]\nok  \ta/e\t(cached)\tcoverage: 9.9% of statements\n");
    assert_eq!((seen.tests.len(), seen.result), (0, "success"));
}

#[test]
fn results_behind_other_output_and_in_old_forms_are_read() {
    let seen = read(
        "=== RUN TestZ\nhalf a line--- PASS: TestZ (0.06 seconds)\nsaid: --- FAIL: TestNone (0.00s)\n\
         BenchmarkPop/size=8-4   \t 1000\t 12.5 ns/op\nBenchmarkPop/size=8-4   \t 1000\t 12.9 ns/op\n\
         PASS\nok      a/b    0.160s\n",
    );
    assert_eq!(seen.tests, ["pass - TestZ", "pass BenchmarkPop BenchmarkPop/size=8"]);
    assert_eq!(seen.summaries, ["go 2 run 2 passed 0 failed 0 skipped"]);
}

#[test]
fn json_of_packages_that_run_at_once_is_told_apart() {
    let seen = read(concat!(
        r#"{"Action":"run","Package":"a","Test":"TestX"}"#, "\n",
        r#"{"Action":"output","Package":"a","Test":"TestX","Output":"    x_test.go:3: got 1\n"}"#, "\n",
        r#"{"Action":"run","Package":"b","Test":"TestX"}"#, "\n",
        r#"{"Action":"output","Package":"a","Test":"TestX","Output":"        want 2\n"}"#, "\n",
        r#"{"Action":"pass","Package":"b","Test":"TestX","Elapsed":0.5}"#, "\n",
        r#"{"Action":"fail","Package":"a","Test":"TestX","Elapsed":0}"#, "\n",
        r#"{"Action":"pass","Package":"b","Elapsed":0.6}"#, "\n",
        r#"{"Action":"fail","Package":"a","Elapsed":0.1}"#, "\n",
    ));
    assert_eq!(seen.tests, ["pass - TestX", "fail - TestX"]);
    assert_eq!(seen.explanation, ["2-4 go assertion"]);
    assert_eq!(seen.summaries, ["go 1 run 1 passed 0 failed 0 skipped", "go 1 run 0 passed 1 failed 0 skipped"]);
}

#[test]
fn json_tells_builds_that_failed_and_panics() {
    let seen = read(concat!(
        r##"{"ImportPath":"a [a.test]","Action":"build-output","Output":"# a [a.test]\n"}"##, "\n",
        r#"{"ImportPath":"a [a.test]","Action":"build-output","Output":"./x.go:4:6: undefined: y\n"}"#, "\n",
        r#"{"Action":"output","Package":"a","Output":"FAIL\ta [build failed]\n"}"#, "\n",
        r#"{"Action":"fail","Package":"a","Elapsed":0,"FailedBuild":"a [a.test]"}"#, "\n",
        r#"{"Action":"output","Package":"b","Output":"panic: init\n"}"#, "\n",
        r#"{"Action":"fail","Package":"b","Elapsed":0}"#, "\n",
    ));
    assert_eq!(seen.tests, ["error a [build failed]", "error b Failure"]);
    assert_eq!(seen.messages, ["6 panic: init"]);
    assert_eq!(seen.errors, ["2-2 error ./x.go:4:6: undefined: y", "5-5 error panic: init"]);
}

#[test]
fn the_totals_of_gotestsum_count_only_where_nothing_else_does() {
    let log = "=== Failed\n=== FAIL: a/b TestX/y (0.00s)\n    x_test.go:3: got 1\n\n\
               DONE 5 tests, 1 skipped, 1 failure in 0.512s\n";
    let seen = read(log);
    assert_eq!(seen.tests, ["fail a/b TestX/y"]);
    assert_eq!(seen.summaries, ["go 5 run 3 passed 1 failed 1 skipped"]);
    assert_eq!(seen.explanation, ["2-3 go assertion"]);
    let seen = read(&format!("--- FAIL: TestX (0.00s)\n    x_test.go:3: got 1\nFAIL\ta/b\t0.1s\n{log}"));
    assert_eq!(seen.summaries, ["go 1 run 0 passed 1 failed 0 skipped"]);
}

#[test]
fn a_panic_tells_more_than_what_the_test_logged_without_v_and_in_json_too() {
    let seen = read(
        "--- FAIL: TestA (0.00s)\n    a_test.go:3: got 1\n--- FAIL: TestB (0.00s)\n    a_test.go:4: before\n\
         \x20   --- FAIL: TestB/x (0.00s)\n        a_test.go:5: in x\npanic: boom [recovered, repanicked]\n\n\
         goroutine 20 [running]:\nFAIL\ta/b\t0.01s\n",
    );
    assert_eq!(seen.explanation, ["1-2 go assertion"]);
    let seen = read(concat!(
        r#"{"Action":"run","Package":"a","Test":"TestB/x"}"#, "\n",
        r#"{"Action":"output","Package":"a","Test":"TestB/x","Output":"    a_test.go:5: in x\n"}"#, "\n",
        r#"{"Action":"fail","Package":"a","Test":"TestB/x","Elapsed":0}"#, "\n",
        r#"{"Action":"output","Package":"a","Test":"TestB","Output":"panic: boom\n"}"#, "\n",
        r#"{"Action":"fail","Package":"a","Test":"TestB","Elapsed":0}"#, "\n",
        r#"{"Action":"fail","Package":"a","Elapsed":0}"#, "\n",
    ));
    assert_eq!(seen.explanation, ["4-4 go exception"]);
}
