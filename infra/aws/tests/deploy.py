#!/usr/bin/env python3
"""Deploys template.yaml as it stands, by parameters only, to a cloud that keeps to the roles' rights; an
outside S3 client puts logs, the release zips run, and what came of it is read from the engines.

    upgrade    from the first template to this one, while logs come: none is lost
    dynamodb   documents in OpenSearch, COMPLETED in DynamoDB; each right that is used, and no other
    denied     each right is refused: the function's log names it
    wrong      a bucket that is there already, a missing secret, an OpenSearch that refuses, a queue that
               takes no more: each is told with what to do, and nothing is lost
    postgres   the same documents, COMPLETED in Postgres

usage: deploy.py [STEP…]    LOGMILL_ENGINE_OPENSEARCH and LOGMILL_ENGINE_POSTGRES name the engines, LOGMILL
                            the command `logmill`; infra/aws/check deploy sets them and builds the zips
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import tomlkit
from cloud import ACCOUNT, Cloud

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
TABLE = tomlkit.parse((HERE / "functions.toml").read_text())
LOGS = sorted(path for path in (ROOT / "examples").iterdir() if ".log" in path.suffixes)
HOUR = "year=2026/month=03/day=04/hour=05"
# A call may take 30 s and a message is hidden for 180, so that what is tried again is soon tried.
QUICK = {"Architecture": "x86_64", "ParseTimeout": 30, "ReserveConcurrency": "yes", "ParseConcurrency": 2}
PATIENCE = 600
# Of a log that takes several calls.
LINES = 20_000


def engine(name):
    variable = f"LOGMILL_ENGINE_{name}"
    if variable not in os.environ:
        sys.exit(f"{variable} is not set: `infra/aws/check deploy` starts the engines and runs this test")
    return os.environ[variable]


class Stack:
    """A deployed template."""

    def __init__(self, cloud, name, store):
        self.cloud = cloud
        self.name = name
        self.parameters = {
            **QUICK,
            "OpenSearch": "existing",
            "OpenSearchUrl": engine("OPENSEARCH"),
            "OpenSearchSignature": "off",
        }
        if store == "postgres":
            self.parameters |= {"MetadataStore": "postgres", "DatabaseUrl": engine("POSTGRES")}
        self.store = store

    def deploy(self, template=HERE / "template.yaml"):
        since = time.monotonic()
        given = [f"{name}={value}" for name, value in self.parameters.items()]
        run(
            ["sam", "deploy", "--template-file", str(template), "--stack-name", self.name,
             "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset",
             "--no-fail-on-empty-changeset", "--parameter-overrides", *given],
            self.cloud.environment(),
        )
        described = self.cloud.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        self.outputs = {out["OutputKey"]: out["OutputValue"] for out in described["Outputs"]}
        self.mend()
        print(f"     deployed {self.name} in {time.monotonic() - since:.0f} s: {described['StackStatus']}")

    def mend(self):
        """CloudFormation makes numbers of parameters where numbers belong; this cloud, not everywhere."""
        client = self.cloud.client("lambda")
        for mapping in client.list_event_source_mappings(FunctionName=f"{self.name}-parse")["EventSourceMappings"]:
            most = int(mapping["ScalingConfig"]["MaximumConcurrency"])
            client.update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": most})

    def environment(self):
        """As its outputs say, for `logmill` on one's own machine."""
        lines = self.outputs["Environment"].splitlines()
        told = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        # This cloud's address in place of AWS' own.
        moved = {name: self.cloud.url for name in told if name.startswith("AWS_ENDPOINT_URL_")}
        settings = {**self.cloud.environment(), **told, **moved}
        settings["OPENSEARCH_URL"] = self.parameters["OpenSearchUrl"]
        if self.store == "postgres":
            settings["DATABASE_URL"] = self.parameters["DatabaseUrl"]
        return settings

    def migrate(self):
        said = run([os.environ["LOGMILL"], "migrate"], self.environment())
        print("     logmill migrate: " + " / ".join(said.split("\n")[:6]))
        return said

    def put(self, path, prefix):
        """A log, as any client puts it; its deployment's key."""
        name, _, suffix = path.name.partition(".log")
        key = f"{prefix}-{name}"
        self.cloud.client("s3").put_object(
            Bucket=self.outputs["LogBucket"], Key=f"{HOUR}/{key}.log{suffix}", Body=path.read_bytes(),
        )
        return key

    def look_up(self, key):
        """Sends a processing event; of a deployment that nobody knows it is sent again, to wait."""
        event = {"deployment_key": key, "timestamp": "2026-03-04T05:06:07Z", "source": "test"}
        self.cloud.client("sqs").send_message(QueueUrl=self.outputs["ParseQueue"], MessageBody=json.dumps(event))

    def rows(self):
        """Every deployment with its status, from the engine itself."""
        if self.store == "postgres":
            return postgres(f"{self.name}-deployment_metadata")
        client, rows = self.cloud.client("dynamodb"), {}
        pages = client.get_paginator("scan").paginate(TableName=f"{self.name}-deployment_metadata")
        for page in pages:
            for item in page["Items"]:
                if item["row"]["S"] == "deployment":
                    rows[item["deployment_key"]["S"]] = item["status"]["S"]
        return rows

    def wait(self, keys):
        """Until every one of these deployments is COMPLETED."""
        since = time.monotonic()
        while True:
            rows = self.rows()
            left = {key: rows.get(key) for key in keys if rows.get(key) != "COMPLETED"}
            if not left:
                print(f"     {len(keys)} logs COMPLETED in {self.store} after {time.monotonic() - since:.0f} s")
                return
            if "FAILED" in left.values() or time.monotonic() - since > PATIENCE:
                raise AssertionError(f"not COMPLETED: {left}\n{self.log()[-3000:]}")
            time.sleep(1)

    def log(self):
        """What the function said."""
        client, said = self.cloud.client("logs"), []
        try:
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.name}-parse")
            for page in pages:
                said += [event["message"] for event in page["events"]]
        except client.exceptions.ResourceNotFoundException:
            pass
        return "\n".join(said)

    def dead(self):
        """Dead letters, and dead messages."""
        letters = self.cloud.client("s3").list_objects_v2(Bucket=self.outputs["DeadLetterBucket"])
        asked = self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs["ParseDeadLetterQueue"], AttributeNames=["ApproximateNumberOfMessages"])
        return letters.get("KeyCount", 0), int(asked["Attributes"]["ApproximateNumberOfMessages"])


def run(command, environment):
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{' '.join(command[:3])} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def postgres(table):
    import pg8000.native

    url = urlsplit(engine("POSTGRES"))
    connection = pg8000.native.Connection(
        url.username, host=url.hostname, port=url.port, database=url.path[1:], password=url.password)
    try:
        return dict(connection.run(f'SELECT deployment_key, status FROM "{table}"'))
    finally:
        connection.close()


def search(path, query):
    request = urllib.request.Request(
        f"{engine('OPENSEARCH')}/{path}", json.dumps(query).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def documents(key):
    """How many documents a deployment has: records, and whether it has the document of its build."""
    of = {"query": {"term": {"deployment_key": key}}, "track_total_hits": True, "size": 1}
    records = search("logmill-logs-*/_search?ignore_unavailable=true", of)["hits"]["total"]["value"]
    builds = search("logmill-builds-*/_search?ignore_unavailable=true", of)["hits"]["hits"]
    return records, [build["_source"]["result"] for build in builds]


def expect(claim, found, wanted):
    if found != wanted:
        raise AssertionError(f"{claim}: {found}, wanted {wanted}")
    print(f"ok   {claim}")


def examples_are_documents(stack, prefix):
    keys = [stack.put(path, prefix) for path in LOGS]
    stack.wait(keys)
    found = {}
    for path, key in zip(LOGS, keys):
        records, builds = documents(key)
        found[path.name] = (records, builds)
        if not records or len(builds) != 1:
            raise AssertionError(f"{path.name}: {records} records, builds {builds}")
    expect(f"{len(keys)} logs are documents in OpenSearch, {sum(r for r, _ in found.values())} records",
           len(found), len(LOGS))
    expect("no dead letters, no dead messages", stack.dead(), (0, 0))
    return found


# --- the steps ---------------------------------------------------------------------------------


def dynamodb(cloud):
    stack = Stack(cloud, "logmill", "dynamodb")
    stack.deploy()
    stack.migrate()
    said = run([os.environ["LOGMILL"], "migrate", "--plan"], stack.environment())
    expect("the template makes the table as `logmill migrate` would", said.splitlines()[:2],
           ["Tables:", "  nothing to do"])
    cloud.proxy.seen.clear()
    found = examples_are_documents(stack, "dynamodb")
    # What cannot be used: a dead letter.
    stack.cloud.client("sqs").send_message(QueueUrl=stack.outputs["ParseQueue"], MessageBody="no event")
    wait_until("a message that is no event is a dead letter", lambda: stack.dead() == (1, 0))
    # One that is known, whose objects are listed, and one that is not, which waits.
    stack.look_up(f"dynamodb-{LOGS[0].name.partition('.log')[0]}")
    stack.look_up("nobody")
    continues(stack)
    rights(cloud)
    return found


def continues(stack):
    """A log that comes so slowly that one call cannot read it: the next goes on with it."""
    padding = b" of the product" * 100
    lines = b"".join(b"%08d INFO compiling module %d%b\n" % (n, n, padding) for n in range(LINES))
    slow = Path(tempfile.mkdtemp()) / "slow.log"
    slow.write_bytes(lines)
    stack.cloud.proxy.slow = ("dynamodb-slow", len(lines) // (2 * stack.parameters["ParseTimeout"]))
    key = stack.put(slow, "dynamodb")
    stack.wait([key])
    paused = sum('"outcome":"paused"' in line for line in stack.log().splitlines())
    if not paused:
        raise AssertionError("no call went on with what another had begun")
    expect(f"a log that took {paused + 1} calls is there whole", documents(key)[0], LINES)


def rights(cloud):
    """Each right that the function uses stands in the table, and each that it may use was used."""
    expect("no request was denied to the function", cloud.proxy.denied, [])
    asked = {action for actions in cloud.proxy.seen.values() for action in actions}
    for who, actions in cloud.proxy.seen.items():
        print("     " + ", ".join(f"{action} × {count}" for action, count in sorted(actions.items())))
    expect("the function asked for what its role allows, and for all of it", sorted(asked),
           sorted(TABLE["parse"]["uses"]))


def wait_until(claim, is_so, patience=PATIENCE):
    since = time.monotonic()
    while not is_so():
        if time.monotonic() - since > patience:
            raise AssertionError(f"{claim}: not after {patience} s")
        time.sleep(1)
    print(f"ok   {claim} ({time.monotonic() - since:.0f} s)")


def denied(cloud):
    """Each right refused at the network: what the function says then."""
    stack = Stack(cloud, "denied", "dynamodb")
    stack.deploy()
    stack.migrate()
    known = stack.put(LOGS[0], "known")
    stack.wait([known])
    for number, action in enumerate(TABLE["parse"]["uses"]):
        cloud.proxy.refused = {action}
        before = len(stack.log())
        if action == "s3:PutObject":
            cloud.client("sqs").send_message(QueueUrl=stack.outputs["ParseQueue"], MessageBody="no event")
        elif action == "sqs:SendMessage":
            stack.look_up(f"nobody-{number}")
        elif action == "dynamodb:Query":
            stack.look_up(known)
        else:
            stack.put(LOGS[0], f"denied-{number}")
        try:
            wait_until(f"without {action} the function's log names it",
                       lambda: any(action in line for line in stack.log()[before:].splitlines()), 120)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{stack.log()[before:][-3000:]}") from None
        line = next(line for line in stack.log()[before:].splitlines() if action in line)
        print(f"     {line[:400]}")
        cloud.proxy.refused = set()
        # What was refused would come again among the next.
        cloud.client("sqs").purge_queue(QueueUrl=stack.outputs["ParseQueue"])


class Refusing(BaseHTTPRequestHandler):
    """An OpenSearch domain whose fine-grained access control does not know the function's role."""

    def do(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        reason = "no permissions for [indices:data/write/bulk] and User [name=arn:aws:iam::role/parse]"
        error = {"type": "security_exception", "reason": reason}
        content = json.dumps({"error": {"root_cause": [error], **error}, "status": 403}).encode()
        self.send_response(403)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do

    def log_message(self, *_):
        pass


# How SQS says that no more messages may be in flight.
OVER_LIMIT = (
    403, [("content-type", "application/x-amz-json-1.0")],
    b'{"__type": "com.amazonaws.sqs#OverLimit", "message": "The maximum number of messages is reached."}',
)


def wrong(cloud):
    """What operators do wrong, and engines that do not take what they are given."""
    cloud.client("s3").create_bucket(Bucket="taken-logs")
    taken = Stack(cloud, "taken", "dynamodb")
    taken.parameters["LogBucketName"] = "taken-logs"
    try:
        taken.deploy()
    except AssertionError:
        events = cloud.client("cloudformation").describe_events(StackName="taken")["OperationEvents"]
        reasons = [event["ValidationStatusReason"] for event in events if "ValidationStatusReason" in event]
        expect(f"a bucket that is there already is named: {' '.join(reasons)}",
               any("'taken-logs' already exists" in reason for reason in reasons), True)
    else:
        raise AssertionError("a bucket that is there already was taken over")

    stack = Stack(cloud, "wrong", "dynamodb")
    stack.parameters["SecretArns"] = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:nobody-made-it*"
    good = stack.parameters["OpenSearchUrl"]
    stack.deploy()
    stack.migrate()
    refusing = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=refusing.serve_forever, daemon=True).start()
    keys = []
    for name, address, words in [
        ("a missing secret", "https://{secretsmanager:nobody-made-it#password}@127.0.0.1",
         ["nobody-made-it", "there is none"]),
        ("an OpenSearch that refuses", f"http://127.0.0.1:{refusing.server_port}", ["no permissions", "OPENSEARCH_URL"]),
    ]:
        stack.parameters["OpenSearchUrl"] = address
        stack.deploy()
        before = len(stack.log())
        keys.append(stack.put(LOGS[0], f"wrong-{len(keys)}"))
        told(stack, before, name, words)
    refusing.shutdown()
    stack.parameters["OpenSearchUrl"] = good
    stack.deploy()
    before = len(stack.log())
    cloud.proxy.told = {"sqs:SendMessage": OVER_LIMIT}
    stack.look_up("nobody")
    told(stack, before, "a queue that takes no more", ["OverLimit"])
    cloud.proxy.told = {}
    # Messages that failed are hidden for a while.
    stack.wait(keys)
    expect("nothing was lost meanwhile", [len(documents(key)[1]) for key in keys], [1, 1])


def told(stack, before, name, words):
    """Waits until the function's log has a line with these words, and prints it."""
    def found():
        lines = stack.log()[before:].splitlines()
        return [line for line in lines if all(word in line for word in words) and '"level"' in line]

    wait_until(f"{name}: the function's log tells it", lambda: bool(found()))
    print(f"     {found()[0][:600]}")


def with_postgres(cloud):
    stack = Stack(cloud, "logmill-pg", "postgres")
    stack.deploy()
    stack.migrate()
    return examples_are_documents(stack, "postgres")


def upgrade(cloud):
    """The first template, then this one, while logs come."""
    stack = Stack(cloud, "upgraded", "dynamodb")
    first = (HERE / "tests/first-template.yaml").read_text()
    old = HERE / "first-template.yaml"  # beside the other, for the paths in it
    old.write_text(first)
    try:
        stack.deploy(old)
    finally:
        old.unlink()
    stack.migrate()
    keys, over = [], threading.Event()

    def logs_come():
        while not over.is_set():
            keys.append(stack.put(LOGS[len(keys) % len(LOGS)], f"upgraded-{len(keys)}"))
            time.sleep(0.5)

    coming = threading.Thread(target=logs_come)
    coming.start()
    try:
        wait_until("logs come before the upgrade", lambda: len(keys) >= 10)
        before = len(keys)
        stack.parameters |= {"ParseTimeout": 120, "ParseMemory": 1024, "LogLevel": "info,logmill=debug"}
        stack.deploy()
        during = len(keys) - before
        time.sleep(3)
    finally:
        over.set()
        coming.join()
    if not during:
        raise AssertionError("no log came during the upgrade")
    stack.wait(keys)
    lost = [key for key in keys if not documents(key)[0] or len(documents(key)[1]) != 1]
    expect(f"of {len(keys)} logs, {during} of them put during the upgrade, none is lost", lost, [])
    expect("no dead letters, no dead messages", stack.dead(), (0, 0))


def main():
    steps = {"dynamodb": dynamodb, "postgres": with_postgres, "upgrade": upgrade, "denied": denied,
             "wrong": wrong}
    chosen = sys.argv[1:] or list(steps)
    results = {}
    with tempfile.TemporaryDirectory(prefix="logmill-deploy-") as folder:
        cloud = Cloud(folder)
        try:
            for name in chosen:
                since = time.monotonic()
                print(f"=== {name}", flush=True)
                results[name] = steps[name](cloud)
                print(f"     {time.monotonic() - since:.0f} s", flush=True)
        except Exception:
            cloud.log.flush()
            keep = Path(tempfile.gettempdir()) / "logmill-deploy-cloud.log"
            keep.write_bytes((Path(folder) / "cloud.log").read_bytes())
            print(f"the cloud's log: {keep}", file=sys.stderr)
            raise
        finally:
            cloud.stop()
    if results.get("dynamodb") and results.get("postgres"):
        expect("the same documents with both engines", results["postgres"], results["dynamodb"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
