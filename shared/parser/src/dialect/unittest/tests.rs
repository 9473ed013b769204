use super::super::tests::read;

#[test]
fn a_failed_test_is_named_and_explained_by_its_exception() {
    let seen = read(include_str!("../../../testdata/unittest.log"));
    assert_eq!(seen.summaries, ["unittest 6 run 4 passed 3 failed 1 skipped"]);
    assert_eq!(seen.tests, [
        "pass tests.test_cart.CartTest test_add (tests.test_cart.CartTest)",
        "pass tests.test_cart.CartTest test_empty (tests.test_cart.CartTest)",
        "skip tests.test_ship.ShipTest test_rate (tests.test_ship.ShipTest)",
        "error tests.test_ship.DatabaseTest setUpClass (tests.test_ship.DatabaseTest)",
        "error tests.test_ship.ShipTest test_zone (tests.test_ship.ShipTest)",
        "fail tests.test_cart.CartTest test_total (tests.test_cart.CartTest)",
    ]);
    assert_eq!(seen.result, "failed");
    assert_eq!(seen.explanation, ["13-16 unittest assertion", "21-24 unittest assertion", "29-35 unittest assertion"]);
}

#[test]
fn the_parts_of_a_test_that_fail_are_one_test_of_those_that_ran() {
    let rule = "=".repeat(70);
    let line = "-".repeat(70);
    let seen = read(&format!(
        "F\n{rule}\nFAIL: test_a (t.T) (i=0)\n{line}\nTraceback (most recent call last):\n  File \"t.py\", line 1, in test_a\nAssertionError: 0 != 1\n\n\
         {rule}\nFAIL: test_a (t.T) (i=2)\n{line}\nTraceback (most recent call last):\n  File \"t.py\", line 1, in test_a\nAssertionError: 2 != 1\n\n\
         {line}\nRan 3 tests in 0.001s\n\nFAILED (failures=2)\n"
    ));
    assert_eq!(seen.summaries, ["unittest 3 run 2 passed 2 failed 0 skipped"]);
    assert_eq!(seen.tests.len(), 2);
}

#[test]
fn nose_names_what_it_could_not_load_by_the_exception() {
    let rule = "=".repeat(70);
    let line = "-".repeat(70);
    let seen = read(&format!(
        "E\n{rule}\nERROR: Failure: ImportError (No module named 'six')\n{line}\nTraceback (most recent call last):\n  File \"a.py\", line 9, in <module>\n    import six\nImportError: No module named 'six'\n\n\
         {line}\nRan 1 test in 0.015s\n\nFAILED (SKIP=2, errors=1)\n"
    ));
    assert_eq!(seen.tests, ["error - ImportError"]);
    assert_eq!(seen.summaries, ["unittest 1 run 0 passed 1 failed 2 skipped"]);
    assert_eq!(seen.explanation, ["5-8 unittest dependency"]);
}

#[test]
fn stestr_lists_its_totals() {
    let seen = read(
        "{0} api.test_v1.ListTest.test_all [0.123456s] ... ok\n{1} api.test_v1.ListTest.test_none [0.5s] ... FAILED\n\
         \n======\nTotals\n======\nRan: 3 tests in 4.5000 sec.\n - Passed: 1\n - Skipped: 1\n - Expected Fail: 0\n - Unexpected Success: 0\n - Failed: 1\nSum of execute time for each test: 10.1 sec.\n",
    );
    assert_eq!(seen.summaries, ["unittest 3 run 1 passed 1 failed 1 skipped"]);
    assert_eq!(seen.tests, ["pass - api.test_v1.ListTest.test_all", "fail - api.test_v1.ListTest.test_none"]);
}

#[test]
fn trial_names_a_failed_test_behind_what_went_wrong() {
    let rule = "=".repeat(79);
    let line = "-".repeat(79);
    let seen = read(&format!(
        "app.test.test_cart\n  CartTest\n    test_total ...                 [FAIL]\n\n{rule}\n[FAIL]\nTraceback (most recent call last):\n\
         \x20 File \"/a/test_cart.py\", line 9, in test_total\n    self.assertEqual(3, 4)\ntwisted.trial.unittest.FailTest: not equal:\na = 3\nb = 4\n\n\n\
         app.test.test_cart.CartTest.test_total\n{line}\nRan 12 tests in 0.029s\n\nFAILED (failures=1, successes=11)\n"
    ));
    assert_eq!(seen.tests, ["fail app.test.test_cart.CartTest app.test.test_cart.CartTest.test_total"]);
    assert_eq!(seen.summaries, ["unittest 12 run 11 passed 1 failed 0 skipped"]);
}
