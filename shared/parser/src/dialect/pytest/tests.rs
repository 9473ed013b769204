use super::super::tests::read;

#[test]
fn a_failure_is_explained_by_its_source_line_and_what_was_expected() {
    let seen = read(include_str!("../../../testdata/pytest.log"));
    assert_eq!(seen.explanation, ["11-15 pytest assertion", "24-27 pytest dependency"]);
    assert_eq!(seen.summaries, ["pytest 5 run 2 passed 2 failed 1 skipped"]);
    assert_eq!(seen.tests, [
        "fail tests/test_cart.py tests.test_cart::test_total",
        "error tests/test_ship.py tests.test_ship::test_rate"
    ]);
}

#[test]
fn tests_told_while_they_run_are_not_told_again() {
    let seen = read(
        "==== test session starts ====\na.py::test_a PASSED  [ 50%]\na.py::test_b[x y] FAILED [100%]\n\
         ==== FAILURES ====\n____ test_b[x y] ____\nE   assert 1\na.py:3: AssertionError\n\
         ==== short test summary info ====\nFAILED a.py::test_b[x y] - assert 1\n\
         ==== 1 failed, 1 passed in 0.01s ====\n",
    );
    assert_eq!(seen.tests, ["pass a.py a::test_a", "fail a.py a::test_b[x y]"]);
}

#[test]
fn tests_of_several_workers_are_told() {
    let seen = read(
        "==== test session starts ====\ngw0 [2] / gw1 [2]\n\na/test_b.py::test_c \n[gw1] [ 50%] PASSED a/test_b.py::test_c \n\
         [gw0] [100%] FAILED a/test_b.py::test_d[x - y] \n==== 1 failed, 1 passed in 0.01s ====\n",
    );
    assert_eq!(seen.tests, ["pass a/test_b.py a.test_b::test_c", "fail a/test_b.py a.test_b::test_d[x - y]"]);
}

#[test]
fn without_a_short_summary_the_blocks_name_the_failed_tests() {
    let seen = read(
        "==== test session starts ====\n..F\n==== FAILURES ====\n____ TestCart.test_sum[a.b] ____\n\n>   assert 1 == 2\nE   assert 1 == 2\n\n\
         tests/test_cart.py:3: AssertionError\n==== 1 failed, 2 passed in 150.93s (0:02:30) ====\n",
    );
    assert_eq!(seen.tests, ["fail tests/test_cart.py::TestCart tests.test_cart::TestCart::test_sum[a.b]"]);
}

#[test]
fn a_file_that_cannot_be_read_is_told_by_its_module() {
    let seen = read(
        "==== test session starts ====\ncollected 0 items / 1 error\n==== ERRORS ====\n____ ERROR collecting grids/tests/test_a.py ____\n\
         import file mismatch:\nimported module 'test_a' has this __file__ attribute:\n\
         !!!! Interrupted: 1 errors during collection !!!!\n==== 1 error in 1.67s ====\n",
    );
    assert_eq!(seen.tests, ["error grids/tests/test_a.py (grids.tests.test_a)"]);
    assert_eq!(seen.summaries, ["pytest 1 run 0 passed 1 failed 0 skipped"]);
}

#[test]
fn quiet_runs_without_a_header_are_counted() {
    let seen = read("..F\nFAILED a.py::b\n1 failed, 2 passed, 1 rerun in 0.12s\n");
    assert_eq!(seen.summaries, ["pytest 3 run 2 passed 1 failed 0 skipped"]);
}

#[test]
fn too_little_coverage_and_errors_of_pytest_itself_are_explained() {
    let seen = read(
        "==== test session starts ====\nFAIL Required test coverage of 90% not reached. Total coverage: 83.00%\n==== 2 passed in 0.12s ====\n\
         INTERNALERROR> Traceback (most recent call last):\nINTERNALERROR>   File \"x.py\", line 3\nINTERNALERROR> OSError: no space\n",
    );
    assert_eq!(seen.errors, [
        "2-2 error FAIL Required test coverage of 90% not reached. Total coverage: 83.00%",
        "4-6 error OSError: no space"
    ]);
    assert_eq!(seen.result, "failed");
}

#[test]
fn of_many_failures_without_a_short_summary_none_is_lost() {
    let mut log = "==== test session starts ====\n==== FAILURES ====\n".to_owned();
    for n in 0..400 {
        log += &format!("____ test_{n} ____\nE   assert {n} == 0\n\na.py:{n}: AssertionError\n");
    }
    log += "==== 400 failed in 1.00s ====\n";
    let seen = read(&log);
    assert_eq!(seen.tests.len(), 400);
    assert_eq!((&*seen.tests[0], &*seen.tests[399]), ("fail a.py a::test_0", "fail a.py a::test_399"));
}
