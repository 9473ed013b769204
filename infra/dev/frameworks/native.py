"""Rust's libtest, Go's tests, GoogleTest and CTest."""

import json
import re
import xml.etree.ElementTree as xml

from plan import Plan, camel
from run import truth


def quote(text):
    return json.dumps(text, ensure_ascii=False)


# --- cargo test -------------------------------------------------------------------------------

RUNNER = """#!/bin/sh
exec "$@" --logfile "$TRUTH/$$.txt"
"""


def rust_case(case, pad):
    lines = [f"{pad}    {'println' if stream == 'out' else 'eprintln'}!(\"{{}}\", {quote(text)});" for stream, text in case.noise]
    marks = [pad + "#[test]"]
    if case.outcome == "fail":
        lines.append(pad + "    " + ["assert_eq!(1 + 1, 3);", f"panic!(\"{{}}\", {quote(case.message)});", "assert!(1 > 2);", f"assert_eq!(\"one\\ntwo\", \"one\\n2\", \"{{}}\", {quote(case.message)});"][case.variant % 4])
    elif case.outcome == "error":
        if case.variant % 2:
            marks.append(pad + "#[should_panic(expected = \"divide\")]")
        else:
            lines.append(pad + "    \"x\".parse::<i32>().unwrap();")
    elif case.outcome == "skip":
        marks.append(pad + ("#[ignore]" if case.variant < 4 else "#[ignore = \"needs a database\"]"))
    elif case.variant == 0:
        marks.append(pad + "#[should_panic]")
        lines.append(pad + "    panic!(\"as it should\");")
    return [*marks, f"{pad}fn {case.ident}() {{", *lines, pad + "}"]


def rust_suite(suite, pad=""):
    lines = [f"{pad}mod {suite.ident} {{"]
    for case in suite.cases:
        lines += rust_case(case, pad + "    ")
    for inner in suite.suites:
        lines += rust_suite(inner, pad + "    ")
    return lines + [pad + "}"]


def cargo(number, project):
    plan = Plan("cargo", number)
    members = ["cart", "rates"][: plan.random.randint(1, 2)] if plan.chance(0.3) else ["."]
    if members != ["."]:
        project.write("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = " + json.dumps(members) + "\n")
    for member in members:
        name = "shop" if member == "." else f"shop-{member}"
        project.write(f"{member}/Cargo.toml", f"[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\ndoctest = false\n")
        allow = "#![allow(uncommon_codepoints, dead_code)]\n"
        project.write(f"{member}/src/lib.rs", allow + "#[cfg(test)]\n" + "\n".join(rust_suite(plan.suite(2))) + "\n")
        for _ in range(plan.random.randint(0, 2)):
            suite = plan.suite(0)
            text = "\n".join(line for case in suite.cases for line in rust_case(case, ""))
            project.write(f"{member}/tests/{plan.ident(True)}.rs", allow + text + "\n")
    runner = project.write("runner.sh", RUNNER)
    runner.chmod(0o755)
    (project.folder / "truth").mkdir()
    options = plan.random.choice([[], [], ["--no-fail-fast"], ["--no-fail-fast"], ["--workspace", "--no-fail-fast"]])
    harness = plan.random.choice([[], [], [], ["--", "--test-threads=1"], ["--", "--nocapture", "--test-threads=1"], ["--", "--quiet"], ["--", "--show-output"], ["--", "--color=always"]])
    env = {"CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER": str(runner), "TRUTH": str(project.folder / "truth"), "CARGO_TARGET_DIR": str(project.folder / "target"), "CARGO_PROFILE_TEST_DEBUG": "0", "RUST_BACKTRACE": plan.pick("0", "0", "1")}
    log = project.run("cargo", "test", "--offline", *options, *harness, env=env)
    log = log.replace(f"{runner} ", "").replace("warning: `--logfile` is deprecated\n", "")
    # `ok NAME`, or `failed: WHY NAME`, whose why may have several lines.
    text = "".join(path.read_text() for path in sorted((project.folder / "truth").glob("*.txt")))
    results = re.findall(r"^(ok|failed|ignored)\b((?:.|\n(?!ok |failed\b|ignored\b))*) (\S+)$", text, re.M)
    names = [name for word, _, name in results if word == "failed"]
    passed = sum(word == "ok" for word, _, _ in results)
    skipped = sum(word == "ignored" for word, _, _ in results)
    return log, truth(passed, len(names), skipped, names, "cargo test " + " ".join(options + harness))


# --- go test ----------------------------------------------------------------------------------


def go_case(case, call, pad):
    lines = [f"{pad}fmt.{'Println(' if stream == 'out' else 'Fprintln(os.Stderr, '}{quote(text)})" for stream, text in case.noise]
    if case.outcome == "fail":
        lines.append(pad + [f"t.Errorf(\"%s\", {quote(case.message)})", f"t.Fatal({quote(case.message)})", "t.Error(\"got\", 3, \"want\", 4)", f"t.Log(\"before\"); t.Errorf(\"%v\", {quote(case.message)}); t.Error(\"and more\")"][case.variant % 4])
    elif case.outcome == "skip":
        lines.append(pad + "t.Skip(\"not here\")")
    elif case.variant == 0:
        lines.append(pad + f"t.Log({quote(case.message)})")
    elif case.variant == 1:
        lines.append(pad + "t.Parallel()")
    return lines


def go_test(suite, pad="\t"):
    lines = []
    for case in suite.cases:
        lines += [f"{pad}t.Run({quote(case.title)}, func(t *testing.T) {{", *go_case(case, "", pad + "\t"), pad + "})"]
    for inner in suite.suites:
        lines += [f"{pad}t.Run({quote(inner.ident)}, func(t *testing.T) {{", *go_test(inner, pad + "\t"), pad + "})"]
    return lines


def go(number, project):
    plan = Plan("go", number)
    project.write("go.mod", "module example.com/shop\n\ngo 1.21\n")
    for package in ["cart", "rates", "web"][: plan.random.randint(1, 3)]:
        lines = [f"package {package}", "", "import (\n\t\"fmt\"\n\t\"os\"\n\t\"testing\"\n)", "", "var _ = fmt.Sprint(os.Args)", ""]
        if plan.bad and plan.chance(0.08):
            lines.append("var broken int = \"text\"")
        for case in plan.suite(0, ("fail",)).cases:
            lines += [f"func Test{camel(case.ident)}(t *testing.T) {{", *go_case(case, "", "\t"), "}", ""]
        if plan.chance(0.6):
            suite = plan.suite(2, ("fail",))
            lines += [f"func Test{camel(suite.ident)}(t *testing.T) {{", *go_test(suite), "}", ""]
        project.write(f"{package}/{package}_test.go", "\n".join(lines))
        if plan.chance(0.2):
            project.write(f"{package}/none/none.go", "package none\n")
    how = plan.pick("json", "verbose", "verbose", "plain")
    env = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    command = ["go", "test", "-count=1", *plan.random.choice([[], [], ["-cover"], ["-p=1"]])]
    stream = project.run(*command, "-json", "./...", env=env)
    log = {"json": stream, "verbose": None, "plain": None}[how] or project.run(*command, *(["-v"] if how == "verbose" else []), "./...", env=env)
    found = {"pass": 0, "fail": [], "skip": 0}
    for line in stream.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if "Test" in event and event["Action"] in found:
            if event["Action"] == "fail":
                found["fail"].append(event["Test"])
            else:
                found[event["Action"]] += 1
    # Without -v nobody can see how many passed.
    unknown = ("run", "passed", "skipped") if how == "plain" else ()
    option = {"json": " -json", "verbose": " -v", "plain": ""}[how]
    return log, truth(found["pass"], len(found["fail"]), found["skip"], found["fail"], " ".join(command) + option + " ./...", unknown=unknown)


# --- GoogleTest and CTest ---------------------------------------------------------------------


def gtest_body(case):
    lines = [f"std::{'cout' if stream == 'out' else 'cerr'} << {quote(text)} << std::endl;" for stream, text in case.noise]
    if case.outcome == "fail":
        lines.append(["EXPECT_EQ(3, 4);", f"FAIL() << {quote(case.message)};", "ASSERT_TRUE(1 > 2);", f"EXPECT_STREQ(\"one\", \"two\") << {quote(case.message)}; ADD_FAILURE() << \"more\";"][case.variant % 4])
    elif case.outcome == "error":
        lines.append("throw std::runtime_error(\"no database\");")
    elif case.outcome == "skip":
        lines.append("GTEST_SKIP() << \"not here\";")
    return " ".join(lines)


def gtest(number, project):
    plan = Plan("gtest", number)
    lines = ["#include <gtest/gtest.h>", "#include <iostream>", "#include <stdexcept>"]
    for _ in range(plan.random.randint(1, 3)):
        suite = plan.suite(0, ascii_only=True)
        name = camel(suite.ident) + "Test"
        param = plan.chance(0.3)
        if param:
            lines.append(f"class {name} : public ::testing::TestWithParam<int> {{}};")
        for case in suite.cases:
            title = ("DISABLED_" if case.outcome == "pass" and case.variant == 7 else "") + camel(case.ident)
            guard = "if (GetParam() == 2) " if param and case.variant % 2 else ""
            lines.append(f"{'TEST_P' if param else 'TEST'}({name}, {title}) {{ {guard}{{ {gtest_body(case)} }} }}")
        if param:
            lines.append(f"INSTANTIATE_TEST_SUITE_P(Some, {name}, ::testing::Values(1, 2));")
    project.write("test.cc", "\n".join(lines) + "\n")
    project.run("g++", "-O0", "-o", "shop_test", "test.cc", "-lgtest", "-lgtest_main", "-pthread")
    options = plan.random.choice([[], [], [], ["--gtest_color=yes"], ["--gtest_shuffle"], ["--gtest_repeat=1"], ["--gtest_filter=*s*"], ["--gtest_brief=0"], ["--gtest_print_time=0"]])
    log = project.run("./shop_test", "--gtest_output=json:truth.json", *options)
    passed = skipped = 0
    names = []
    for suite in json.loads((project.folder / "truth.json").read_text())["testsuites"]:
        for test in suite["testsuite"]:
            if test["status"] == "NOTRUN":
                continue
            if test["result"] == "SKIPPED":
                skipped += 1
            elif "failures" in test:
                names.append(f"{suite['name']}.{test['name']}")
            else:
                passed += 1
    return log, truth(passed, len(names), skipped, names, "./shop_test " + " ".join(options))


def ctest(number, project):
    plan = Plan("ctest", number)
    lines = ["cmake_minimum_required(VERSION 3.20)", "project(shop NONE)", "enable_testing()"]
    for _ in range(plan.random.randint(3, 14)):
        case = plan.case(ascii_only=True)
        name = case.title if plan.chance(0.1) and "\"" not in case.title else case.ident
        said = "".join(f"echo '{text}'; " for _, text in case.noise if "'" not in text and "$" not in text).replace("\\", "").replace("\"", "\\\"")
        status = {"pass": "exit 0", "fail": "exit 1", "skip": "exit 77", "error": ["kill -SEGV $$", "sleep 5", "exit 1", "kill -ABRT $$"][case.variant % 4]}[case.outcome]
        command = f"sh -c \"{said}{status}\""
        if case.outcome == "error" and case.variant == 7:
            command = "./no_such_program"
        lines.append(f"add_test(NAME \"{name}\" COMMAND {command})".replace("$$", "\\$\\$"))
        if case.outcome == "skip":
            lines.append(f"set_tests_properties(\"{name}\" PROPERTIES {plan.pick('SKIP_RETURN_CODE 77', 'DISABLED TRUE')})")
        elif case.outcome == "error":
            lines.append(f"set_tests_properties(\"{name}\" PROPERTIES TIMEOUT 1)")
    project.write("CMakeLists.txt", "\n".join(lines) + "\n")
    project.run("cmake", "-S", ".", "-B", ".")
    options = plan.random.choice([[], [], ["--output-on-failure"], ["--output-on-failure"], ["-V"], ["-j2"], ["-Q", "--output-on-failure"], ["--repeat", "until-pass:2"], ["--stop-on-failure"], ["--progress"]])
    log = project.run("ctest", "--output-junit", "truth.xml", *options)
    log = "\n".join(line for line in log.split("\n") if "truth.xml" not in line)
    passed = skipped = 0
    names = []
    for case in xml.parse(project.folder / "truth.xml").getroot().iter("testcase"):
        if case.get("status") == "fail" or (case.get("status") == "notrun" and "SKIP" not in case.find("skipped").get("message", "")):
            names.append(case.get("name"))
        elif case.get("status") == "run":
            passed += 1
        else:
            skipped += 1
    # The quiet one says nothing at all.
    unknown = ("run", "passed", "skipped", "failed") if "-Q" in options else ()
    return log, truth(passed, len(names), skipped, None if unknown else names, "ctest " + " ".join(options), unknown=unknown)
