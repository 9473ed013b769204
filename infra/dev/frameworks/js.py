"""jest, mocha, vitest and node's own runner."""

import json
import os

from plan import Plan
from run import truth

PACKAGES = ["jest@29.7.0", "mocha@10.8.2", "vitest@2.1.9"]

# Any reporter of mocha's, which tells its results to a file too.
MOCHA_TRUTH = """
const Mocha = require("mocha"), fs = require("fs");
class Truth extends Mocha.reporters[process.env.REPORTER] {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    runner.on("fail", (test) => failed.push(test.fullTitle()));
    runner.on("end", () => fs.writeFileSync(process.env.TRUTH, JSON.stringify({ ...runner.stats, failed })));
  }
}
module.exports = Truth;
"""

NODE_TRUTH = """
module.exports = async function* (source) {
  const found = { pass: 0, fail: [], skip: 0, todo: 0 };
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite") continue;
    // A file that could not be read is a test of its own, and a name is its last part.
    if (data.skip !== undefined) found.skip += 1;
    else if (data.todo !== undefined) found.todo += 1;
    else if (type === "test:pass") found.pass += 1;
    else found.fail.push(data.name);
  }
  yield JSON.stringify(found);
};
"""


def quote(text):
    return json.dumps(text, ensure_ascii=False)


def body(case, tool):
    lines = [f"console.{'log' if stream == 'out' else 'error'}({quote(text)});" for stream, text in case.noise]
    equal = {
        "jest": ["expect([1, 2, 3]).toEqual([1, 2, 4]);", "expect('one\\ntwo').toBe('one\\n2');"],
        "vitest": ["expect([1, 2, 3]).toEqual([1, 2, 4]);", "expect('one\\ntwo').toBe('one\\n2');"],
    }.get(tool, ["assert.deepStrictEqual([1, 2, 3], [1, 2, 4]);", "assert.strictEqual('one\\ntwo', 'one\\n2');"])
    if case.outcome == "fail":
        lines.append((equal + [f"throw new Error({quote(case.message)});", "assert.ok(false);"])[case.variant % 4])
    elif case.outcome == "error":
        lines.append(["undefined.missing();", "JSON.parse('{');", "await Promise.reject(new TypeError('no stock'));", "throw new RangeError('deep');"][case.variant % 4])
    return " ".join(lines)


def case_lines(case, tool, pad):
    if case.outcome == "skip":
        if case.variant == 0 and tool == "mocha":
            return [f"{pad}it({quote(case.title)});"]
        if case.variant == 1 and tool in ("mocha", "node"):
            skip = "this.skip();" if tool == "mocha" else "t.skip('not here');"
            return [f"{pad}it({quote(case.title)}, function ({'t' if tool == 'node' else ''}) {{ {skip} }});"]
        return [f"{pad}it.skip({quote(case.title)}, () => {{}});"]
    return [f"{pad}it({quote(case.title)}, async () => {{ {body(case, tool)} }});"]


def suite_lines(suite, tool, plan, pad=""):
    lines = [f"{pad}describe({quote(suite.title)}, () => {{"]
    if tool == "mocha" and plan.bad and plan.chance(0.07):
        lines.append(f"{pad}  {plan.pick('before', 'beforeEach', 'afterEach', 'after')}(() => {{ throw new Error('no database'); }});")
    for case in suite.cases:
        lines += case_lines(case, tool, pad + "  ")
    if tool in ("jest", "vitest") and plan.chance(0.2):
        lines.append(f"{pad}  it.each([[1, 2], [3, 4]])({quote('takes %i and %i ' + plan.ident())}, (a, b) => {{ expect(a + 1).toBe(b); }});")
    for inner in suite.suites:
        lines += suite_lines(inner, tool, plan, pad + "  ")
    return lines + [pad + "});"]


HEADS = {
    "jest": "const assert = require('assert');",
    "mocha": "const assert = require('assert');",
    "vitest": "import { describe, it, expect } from 'vitest'; import assert from 'node:assert';",
    "node": "const { describe, it } = require('node:test'); const assert = require('node:assert');",
}


def project_files(tool, number, project):
    plan = Plan(tool, number)
    os.symlink(project.tools / "node_modules", project.folder / "node_modules")
    project.write("package.json", json.dumps({"name": "shop", "version": "1.2.3", "private": True} | ({"type": "module"} if tool == "vitest" else {})))
    for _ in range(plan.random.randint(1, 4)):
        lines = [HEADS[tool]]
        if tool == "jest" or tool == "vitest":
            if plan.bad and plan.chance(0.1):
                lines.append("throw new Error('cannot be loaded');")
        for case in plan.suite(0).cases[: plan.random.randint(0, 3)]:
            lines += case_lines(case, tool, "")
        for _ in range(plan.random.randint(1, 2)):
            lines += suite_lines(plan.suite(2), tool, plan)
        project.write(f"test/{plan.ident(True)}.test.{'mjs' if tool == 'vitest' else 'js'}", "\n".join(lines))
    return plan


def jest(number, project):
    plan = project_files("jest", number, project)
    options = plan.random.choice([[], [], ["--verbose"], ["--verbose", "--color"], ["--color"], ["--silent"], ["--runInBand"], ["--verbose", "-i"]])
    log = project.run("node_modules/.bin/jest", "--ci", "--json", "--outputFile=truth.json", *options, env={"FORCE_COLOR": ""})
    # With --json the results go to standard output, too, as one line.
    log = "".join(line for line in log.splitlines(True) if not line.startswith('{"num'))
    log = log.replace("Test results written to: truth.json\n", "")
    found = json.loads((project.folder / "truth.json").read_text())
    names = [" › ".join([*test["ancestorTitles"], test["title"]]) for file in found["testResults"] for test in file["assertionResults"] if test["status"] == "failed"]
    if found["numRuntimeErrorTestSuites"]:
        names.append("Test suite failed to run")
    return log, truth(found["numPassedTests"], found["numFailedTests"], found["numPendingTests"] + found["numTodoTests"], names, "jest " + " ".join(options))


def mocha(number, project):
    plan = project_files("mocha", number, project)
    project.write("truth.js", MOCHA_TRUTH)
    reporter = plan.pick("Spec", "Spec", "Spec", "Dot", "List", "Min")
    options = plan.random.choice([[], [], ["--color"], ["--bail"], ["--full-trace"]])
    log = project.run("node_modules/.bin/mocha", "--reporter", "./truth.js", *options, "test/*.js", env={"REPORTER": reporter, "TRUTH": str(project.folder / "truth.json")})
    found = json.loads((project.folder / "truth.json").read_text())
    return log, truth(found["passes"], found["failures"], found["pending"], found["failed"], f"mocha --reporter {reporter.lower()} " + " ".join(options))


def vitest(number, project):
    plan = project_files("vitest", number, project)
    options = plan.random.choice([["default"], ["default"], ["verbose"], ["basic"], ["dot"]])
    color = {"FORCE_COLOR": "1"} if plan.chance(0.3) else {"NO_COLOR": "1"}
    reporters = [f"--reporter={name}" for name in options]
    log = project.run("node_modules/.bin/vitest", "run", *reporters, "--reporter=json", "--outputFile.json=truth.json", env=color)
    log = "".join(line for line in log.splitlines(True) if not line.startswith("JSON report written"))
    found = json.loads((project.folder / "truth.json").read_text())
    tests = [(file, test) for file in found["testResults"] for test in file["assertionResults"]]
    name = lambda file, test: " > ".join([os.path.relpath(file["name"], project.folder), *test["ancestorTitles"], test["title"]])
    names = [name(file, test) for file, test in tests if test["status"] == "failed"]
    names += [os.path.relpath(file["name"], project.folder) for file in found["testResults"] if file["status"] == "failed" and not file["assertionResults"]]
    return log, truth(found["numPassedTests"], found["numFailedTests"], found["numPendingTests"] + found["numTodoTests"], names, "vitest run " + " ".join(reporters))


def node(number, project):
    plan = project_files("node", number, project)
    project.write("truth.js", NODE_TRUTH)
    reporter = plan.pick("spec", "spec", "tap", "dot") if plan.bad else plan.pick("spec", "tap")
    log = project.run("node", "--test", f"--test-reporter={reporter}", "--test-reporter-destination=stdout", "--test-reporter=./truth.js", "--test-reporter-destination=truth.json", "test/")
    found = json.loads((project.folder / "truth.json").read_text())
    # The reporter `dot` prints no numbers.
    unknown = ("run", "passed", "skipped", "failed") if reporter == "dot" else ()
    return log, truth(found["pass"], len(found["fail"]), found["skip"], found["fail"], f"node --test --test-reporter={reporter}", found["todo"], unknown)
