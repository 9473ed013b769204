"""JUnit 4, JUnit 5 and TestNG, run by Maven's surefire."""

import json
import xml.etree.ElementTree as xml

from plan import Plan, camel
from run import truth

DEPENDENCIES = {
    "five": ("org.junit.jupiter", "junit-jupiter", "5.10.2"),
    "four": ("junit", "junit", "4.13.2"),
    "testng": ("org.testng", "testng", "7.10.2"),
}
IMPORTS = {
    "five": "import org.junit.jupiter.api.*; import org.junit.jupiter.params.ParameterizedTest; import org.junit.jupiter.params.provider.ValueSource; import static org.junit.jupiter.api.Assertions.*;",
    "four": "import org.junit.*; import static org.junit.Assert.*;",
    "testng": "import org.testng.*; import org.testng.annotations.*; import static org.testng.Assert.*;",
}

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
{head}<artifactId>{name}</artifactId>{more}</project>
"""
ROOT = """<groupId>org.example</groupId><version>1.0</version><packaging>{packaging}</packaging>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version><scope>test</scope></dependency></dependencies>
<build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId><version>{surefire}</version></plugin></plugins></build>{modules}"""
PARENT = "<parent><groupId>org.example</groupId><artifactId>shop</artifactId><version>1.0</version></parent>"


def quote(text):
    return json.dumps(text, ensure_ascii=False)


def body(case, kind):
    lines = [f"System.{stream}.println({quote(text)});" for stream, text in case.noise]
    say = quote(case.message)
    if case.outcome == "fail":
        args = (lambda want, have: f"{say}, {want}, {have}") if kind == "four" else (lambda want, have: f"{have}, {want}, {say}") if kind == "testng" else (lambda want, have: f"{want}, {have}, {say}")
        lines.append([f"fail({say});", f"assertEquals({args('3', '4')});", "assertTrue(false);", f"assertEquals({args(quote('one two'), quote('one 2'))});", f"throw new AssertionError({say});"][case.variant % 5])
    elif case.outcome == "error":
        lines.append([f"throw new IllegalStateException({say});", "Object o = null; o.toString();", "Integer.parseInt(\"x\");", "throw new RuntimeException(\"outer\", new java.io.IOException(\"inner\"));"][case.variant % 4])
    elif case.outcome == "skip" and case.variant >= 4:
        lines.append({"five": "Assumptions.assumeTrue(false, \"not here\");", "four": "Assume.assumeTrue(false);", "testng": "throw new SkipException(\"not here\");"}[kind])
    return " ".join(lines)


def test_lines(case, kind, pad):
    name = case.ident.split("_")[0] + camel("_".join(case.ident.split("_")[1:]))
    marks = "@Test"
    if case.outcome == "skip" and case.variant < 4:
        if kind == "testng":
            marks = "@Test(enabled = false)"
        else:
            marks = {"five": "@Disabled(\"not now\") @Test", "four": "@Ignore @Test"}[kind]
    elif kind == "five" and case.variant == 3 and case.outcome != "skip":
        return [f"{pad}@ParameterizedTest @ValueSource(strings = {{\"a\", \"b c\", \"é\"}}) void {name}(String value) throws Exception {{ if (!value.equals(\"a\")) {{ {body(case, kind)} }} }}"]
    elif kind == "five" and case.variant == 5:
        marks = f"@DisplayName({quote(case.title)}) @Test"
    elif kind == "testng" and case.variant == 3 and case.outcome != "skip":
        return [f"{pad}@DataProvider public Object[][] {name}Data() {{ return new Object[][] {{{{\"a\", 1}}, {{\"b c\", 2}}}}; }}",
                f"{pad}@Test(dataProvider = \"{name}Data\") public void {name}(String value, int n) throws Exception {{ if (n == 2) {{ {body(case, kind)} }} }}"]
    return [f"{pad}{marks} {'' if kind == 'five' else 'public '}void {name}() throws Exception {{ {body(case, kind)} }}"]


def test_class(suite, kind, plan, name, pad="", inner=False):
    lines = [f"{pad}{'@Nested ' if inner else 'public '}class {name} {{"]
    if plan.bad and not inner and plan.chance(0.08):
        before = {"five": "@BeforeAll static void", "four": "@BeforeClass public static void", "testng": "@BeforeClass public void"}[kind]
        lines.append(f"{pad}    {before} setUpAll() {{ throw new IllegalStateException(\"no database\"); }}")
    if plan.bad and plan.chance(0.1):
        lines += [f"{pad}    {'static ' if not inner else ''}int tries = 0;", f"{pad}    @Test public void flaky{plan.random.randrange(99)}() {{ assertTrue(System.getProperties().putIfAbsent(getClass().getName(), \"x\") != null); }}"]
    for case in suite.cases:
        lines += test_lines(case, kind, pad + "    ")
    if kind == "five":
        for child in suite.suites:
            lines += test_class(child, kind, plan, camel(child.ident), pad + "    ", True)
    return lines + [pad + "}"]


def module(plan, kind, project, folder):
    for _ in range(plan.random.randint(1, 3)):
        suite = plan.suite(1)
        package = plan.pick("org.example.shop", "org.example.shop.cart")
        name = camel(plan.ident(True)) + "Test"
        text = "\n".join([f"package {package};", IMPORTS[kind], *test_class(suite, kind, plan, name)])
        project.write(f"{folder}src/test/java/{package.replace('.', '/')}/{name}.java", text + "\n")


def maven(framework, kinds, number, project):
    plan = Plan(framework, number)
    kind = plan.pick(*kinds)
    modules = ["cart", "rates", "web"][: plan.random.randint(1, 3)] if plan.chance(0.4) else []
    surefire = plan.pick("2.22.2", "3.2.5")
    listed = "<modules>" + "".join(f"<module>{name}</module>" for name in modules) + "</modules>" if modules else ""
    head = ROOT.format(*DEPENDENCIES[kind], surefire=surefire, modules=listed, packaging="pom" if modules else "jar")
    project.write("pom.xml", POM.format(head="", name="shop", more=head))
    for name in modules:
        project.write(f"{name}/pom.xml", POM.format(head=PARENT, name=f"shop-{name}", more=""))
        module(plan, kind, project, f"{name}/")
    if not modules:
        module(plan, kind, project, "")
    options = plan.random.choice([["-B"], ["-B", "-ntp"], ["-Dstyle.color=always"], ["-B", "-fae"], ["-B", "-Dmaven.test.failure.ignore=true"]])
    options += plan.random.choice([[], [], [], ["-Dsurefire.rerunFailingTestsCount=1"] if kind != "testng" else [], ["-DtrimStackTrace=true"], ["-Dsurefire.reportFormat=plain"], ["-Dsurefire.useFile=false"], ["-DredirectTestOutputToFile=true", "-Dmaven.test.redirectTestOutputToFile=true"]])
    log = project.run("mvn", "-o", *options, "test", env={"MAVEN_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"})
    # Surefire's total has each test once: not again for a rerun, nor for each row of its data where
    # the rows have no names of their own. Of several results the worst counts.
    results = {}
    for report in sorted(project.folder.rglob("target/surefire-reports/TEST-*.xml")):
        module = report.parents[2]
        for case in xml.parse(report).getroot().iter("testcase"):
            bad = case.find("failure") is not None or case.find("error") is not None
            result = "skipped" if case.find("skipped") is not None else "failed" if bad else "passed"
            # What fails before any test of a class is the class's own failure.
            name, owner = case.get("name"), case.get("classname")
            name = f"{name}({owner})" if name not in ("", None, owner) else owner
            results[module, name] = min(result, results.get((module, name), result))
    count = list(results.values()).count
    passed, failed, skipped = count("passed"), count("failed"), count("skipped")
    names = [name for (_, name), result in results.items() if result == "failed"]
    return log, truth(passed, failed, skipped, names, "mvn " + " ".join(options) + " test")


def surefire(number, project):
    return maven("surefire", ("four", "five"), number, project)


def testng(number, project):
    return maven("testng", ("testng",), number, project)
