"""pytest and unittest."""

import json
import textwrap

from plan import Plan, camel
from run import truth

# The interpreters in use print differently: each with a pytest of its time.
PYTHONS = {
    "3.6": ["pytest==6.2.5", "pytest-xdist==2.5.0", "pytest-rerunfailures==10.2"],
    "3.9": ["pytest==7.4.4", "pytest-xdist==3.5.0", "pytest-rerunfailures==14.0"],
    "3.12": ["pytest==9.2.0", "pytest-xdist==3.8.0", "pytest-rerunfailures==16.7"],
}


def interpreter(plan, project):
    return project.tools / f"python{plan.random.choice(sorted(PYTHONS))}/bin/python"

# What pytest itself counts, the same numbers that its closing line is made of.
PYTEST_TRUTH = '''
import json, os
import pytest

@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter):
    stats = terminalreporter.stats
    words = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
    found = {word: [r.nodeid for r in stats.get(word, [])] for word in words}
    with open(os.environ["TRUTH"], "w", encoding="utf8") as file:
        json.dump(found, file)
'''

UNITTEST_TRUTH = '''
import json, os, sys, unittest

class Runner(unittest.TextTestRunner):
    def run(self, test):
        result = super().run(test)
        bad = [test for test, _ in result.failures + result.errors] + result.unexpectedSuccesses
        # Several parts of one test may fail, and what is no test, such as setUpClass.
        tests = {getattr(test, "test_case", test).id() for test in bad if isinstance(test, (unittest.TestCase, unittest.case._SubTest))}
        with open(os.environ["TRUTH"], "w", encoding="utf8") as file:
            json.dump({"run": result.testsRun, "failed": [result.getDescription(test) for test in bad],
                       "tests": len(tests), "skipped": len(result.skipped),
                       "xpassed": len(result.unexpectedSuccesses)}, file)
        return result

if __name__ == "__main__":
    sys.argv[0] = "python -m unittest"
    unittest.main(module=None, testRunner=Runner)
'''


def prints(case, pad):
    lines = []
    for stream, text in case.noise:
        where = "" if stream == "out" else ", file=sys.stderr"
        lines.append(f"{pad}print({text!r}{where})")
    return lines


def fails(case, pad):
    ways = [
        f"raise AssertionError({case.message!r})",
        f"assert {{'a': 1, 'b': [1, 2, 3]}} == {{'a': 1, 'b': [1, 3]}}, {case.message!r}",
        "assert [1, 2, 3] == [1, 2, 4]",
        "assert 'one\\ntwo\\nthree' == 'one\\n2\\nthree'",
        f"raise ValueError({case.message!r})",
        "helper(3)",
        f"pytest.fail({case.message!r})",
        "assert not {1: 2}.get(1)",
    ]
    return [pad + ways[case.variant]]


def pytest_case(case, pad, method):
    this, marks, body = ("self", ) if method else (), [], prints(case, pad + "    ")
    if case.outcome == "fail":
        if case.variant == 1:
            marks.append('@pytest.mark.parametrize("value", [1, "a b", "x-y", "é"])')
            this += ("value",)
            body += [f"{pad}    assert value != 'a b'"]
        elif case.variant == 2:
            marks.append('@pytest.mark.parametrize("value", [1, 2], ids=["one: 1", "two, (2)"])')
            this += ("value",)
            body += fails(case, pad + "    ")
        else:
            body += fails(case, pad + "    ")
    elif case.outcome == "error":
        this += ("broken" if case.variant < 4 else "breaks_later",)
        body.append(f"{pad}    assert True")
    elif case.outcome == "skip":
        if case.variant < 3:
            marks.append(f"@pytest.mark.skip(reason={case.message!r})")
        elif case.variant < 6:
            body.append(f"{pad}    pytest.skip('no network')")
        else:
            # Expected to fail, and does or does not.
            marks.append("@pytest.mark.xfail(reason='known')")
            body.append(f"{pad}    assert {case.variant == 6}")
    elif case.variant == 0:
        marks.append('@pytest.mark.parametrize("value", range(3))')
        this += ("value",)
    head = f"{pad}def test_{case.ident}({', '.join(this)}):"
    return [pad + mark for mark in marks] + [head] + (body or [f"{pad}    pass"]) + [""]


def pytest_suite(suite, pad):
    lines = [f"{pad}class Test{camel(suite.ident)}:"]
    for case in suite.cases:
        lines += pytest_case(case, pad + "    ", True)
    for inner in suite.suites:
        lines += pytest_suite(inner, pad + "    ")
    return lines


def module_name(node):
    """`tests/test_a.py::test_b` as Python names it; a file that cannot be read has no test."""
    path, _, test = node.partition("::")
    module = path.removesuffix(".py").replace("/", ".")
    # A doctest repeats the module.
    return f"{module}::{test.removeprefix(module + '.')}" if test else f"({module})"


def pytest(number, project):
    plan = Plan("pytest", number)
    project.write("logmill_truth.py", PYTEST_TRUTH)
    for _ in range(plan.random.randint(1, 4)):
        lines = ["import sys", "import pytest", ""]
        if plan.bad and plan.chance(0.15):
            lines.append(plan.pick("import no_such_module", "def broken(:", "raise RuntimeError('no database')"))
        lines += ["def helper(n):", "    if n == 0:", "        raise KeyError('deep')", "    helper(n - 1)", ""]
        lines += ["@pytest.fixture", "def broken():", "    raise OSError('fixture is broken')", ""]
        lines += ["@pytest.fixture", "def breaks_later():", "    yield 1", "    raise OSError('teardown is broken')", ""]
        for case in plan.suite(0).cases:
            lines += pytest_case(case, "", False)
        for _ in range(plan.random.randint(0, 2)):
            lines += pytest_suite(plan.suite(1), "")
        folder = plan.pick("tests/", "tests/unit/", "")
        project.write(f"{folder}test_{plan.ident()}.py", "\n".join(lines))
    options = []
    if plan.chance(0.3):
        plan_ident = plan.ident(True)
        project.write(f"{plan_ident}.py", f'def total(n):\n    """\n    >>> total(2)\n    {plan.pick(4, 5) if plan.bad else 4}\n    """\n    return 2 * n\n')
        options.append("--doctest-modules")
    options += plan.random.choice([[], [], ["-v"], ["-vv"], ["-q"], ["-v", "-s"], ["-n2"], ["-n2", "-v"], ["--color=yes"], ["--color=yes", "-v"], ["-s"]])
    options += plan.random.choice([[], [], ["-ra"], ["-rA"], ["-rN"], ["-rfEs"]])
    options += plan.random.choice([[], [], ["--tb=short"], ["--tb=line"], ["--tb=native"], ["--tb=no"], ["--tb=long", "--showlocals"]])
    options += plan.random.choice([[], [], [], ["-x"], ["--reruns=1"], ["--durations=3"], ["--no-header"], ["--maxfail=2"]])
    report = project.folder / "truth.json"
    log = project.run(interpreter(plan, project), "-m", "pytest", "-p", "logmill_truth", "-p", "no:cacheprovider", *options,
                      env={"TRUTH": str(report), "PYTHONPATH": str(project.folder)})
    found = json.loads(report.read_text())
    bad = found["failed"] + found["error"]
    other = len(found["xfailed"]) + len(found["xpassed"])
    names = [module_name(node) for node in bad]
    # Neither named while they run, nor with their blocks, nor in the summary.
    if "-rN" in options and {"--tb=line", "--tb=no"} & set(options) and not {"-v", "-vv"} & set(options):
        names = None
    return log, truth(len(found["passed"]), len(bad), len(found["skipped"]), names, "pytest " + " ".join(options), other)


def unittest_case(case, pad):
    marks, body = [], prints(case, pad + "    ")
    if case.outcome == "fail":
        body += [pad + "    " + [
            f"self.fail({case.message!r})", "self.assertEqual([1, 2, 3], [1, 2, 4])",
            f"self.assertEqual('one\\ntwo', 'one\\n2', {case.message!r})",
            "self.assertIn('x', {'y': 1})", "self.assertTrue(False)",
            f"assert 1 == 2, {case.message!r}", "self.assertRaises(ValueError, int, '3')",
            "for i in range(3):\n" + pad + "        with self.subTest('part of it', i=i):\n" + pad + "            self.assertEqual(i, 1)",
        ][case.variant]]
    elif case.outcome == "error":
        body += [f"{pad}    " + plan_error(case)]
    elif case.outcome == "skip":
        if case.variant < 3:
            marks.append(f"@unittest.skip({case.message!r})")
        elif case.variant < 6:
            body.append(f"{pad}    self.skipTest('no network')")
        else:
            marks.append("@unittest.expectedFailure")
            body.append(f"{pad}    self.assertTrue({case.variant == 6})")
    doc = [f'{pad}    """{case.title.replace(chr(34), "")}."""'] if case.variant == 4 else []
    return [pad + mark for mark in marks] + [f"{pad}def test_{case.ident}(self):"] + doc + (body or [f"{pad}    pass"]) + [""]


def plan_error(case):
    return ["{}['missing']", f"raise ValueError({case.message!r})", "int('x')", "helper(2)"][case.variant % 4]


def unittest(number, project):
    plan = Plan("unittest", number)
    project.write("tests/__init__.py", "")
    project.write("runner.py", UNITTEST_TRUTH)
    for _ in range(plan.random.randint(1, 4)):
        lines = ["import sys", "import unittest", ""]
        if plan.bad and plan.chance(0.1):
            lines.append(plan.pick("import no_such_module", "def broken(:"))
        lines += ["def helper(n):", "    if n == 0:", "        raise KeyError('deep')", "    helper(n - 1)", ""]
        for _ in range(plan.random.randint(1, 3)):
            suite = plan.suite(0)
            lines.append(f"class {camel(suite.ident)}Test(unittest.TestCase):")
            if plan.bad and plan.chance(0.08):
                lines += ["    @classmethod", "    def setUpClass(cls):", "        " + plan.pick("raise OSError('no database')", "raise unittest.SkipTest('not here')"), ""]
            for case in suite.cases:
                lines += unittest_case(case, "    ")
        project.write(f"tests/test_{plan.ident(True)}.py", "\n".join(lines))
    options = plan.random.choice([[], [], ["-v"], ["-v"], ["-b"], ["-v", "-b"], ["-f"], ["-v", "-f"], ["--locals"]])
    report = project.folder / "truth.json"
    log = project.run(interpreter(plan, project), "-u", "runner.py", *options, env={"TRUTH": str(report)})
    found = json.loads(report.read_text())
    names = [name.split("\n")[0] for name in found["failed"]]
    # Before Python 3.11 nothing names an unexpected success.
    count = len(names)
    if "UNEXPECTED SUCCESS" not in log and "-v" not in options:
        names = names[: count - found["xpassed"]]
    # "Ran 12 tests" counts the skipped ones.
    passed = found["run"] - found["tests"]
    return log, truth(passed, count, found["skipped"], names, "python -m unittest " + " ".join(options), found["tests"] - count)
