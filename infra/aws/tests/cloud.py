"""A cloud to deploy to: ministack, which here keeps to the rights that roles have, behind a proxy that
notes what each principal asks for and refuses what a test wants refused."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROOT = "test"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def actions_of(method, path, headers, body):
    """The rights, as IAM names them, that a request needs: of S3, DynamoDB and SQS, which functions use."""
    service, _, name = headers.get("x-amz-target", "").rpartition(".")
    if service.startswith("DynamoDB"):
        if name != "TransactWriteItems":
            return {f"dynamodb:{name}"}
        # A transaction needs the rights of its parts.
        parts = {kind for part in json.loads(body)["TransactItems"] for kind in part}
        return {f"dynamodb:{kind}Item" for kind in parts}
    if service == "AmazonSQS":
        return {f"sqs:{name}"}
    return {s3_action(method, path)}


def s3_action(method, path):
    parts = urlsplit(path)
    bucket, _, key = parts.path.lstrip("/").partition("/")
    if not key:
        return "s3:ListBucket" if method in ("GET", "HEAD") else f"s3:{method} {bucket}"
    plain = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject"}
    # The parts of an upload need the same right as a whole one.
    if method == "POST" and {"uploads", "uploadId"} & set(parse_qs(parts.query, keep_blank_values=True)):
        return "s3:PutObject"
    return plain.get(method, f"s3:{method} object")


class Proxy:
    """Passes requests on. What came from whom stands in `seen`; what is in `refused` is not passed on."""

    def __init__(self, port):
        self.backend = port
        self.seen = {}
        self.denied = []
        self.refused = set()
        # What functions are told in place of an answer, by right.
        self.told = {}
        # What comes slowly: a part of its path, and bytes a second.
        self.slow = None
        self.lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do(self):
                proxy.handle(self)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = do

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, request):
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = read_body(request, headers)
        found = re.search(r"Credential=([^/]+)/", headers.get("authorization", ""))
        who = found.group(1) if found else None
        actions = actions_of(request.command, request.path, headers, body)
        function = who and who.startswith("ASIA")
        if function:
            with self.lock:
                for action in actions:
                    self.seen.setdefault(who, {}).setdefault(action, 0)
                    self.seen[who][action] += 1
        told = [self.told[action] for action in actions if action in self.told]
        if function and told:
            answer = told[0]
        elif function and actions & self.refused:
            answer = refusal(min(actions & self.refused), headers)
        else:
            answer = self.ask(request, headers, body)
            if function and b"AccessDenied" in answer[2][:1000]:
                with self.lock:
                    self.denied.append((sorted(actions), request.path, answer[2][:300]))
        status, fields, content = answer
        request.send_response_only(status)
        for name, value in fields:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                request.send_header(name, value)
        length = dict((name.lower(), value) for name, value in fields).get("content-length")
        if request.command == "HEAD" and length:
            request.send_header("content-length", length)
        else:
            request.send_header("content-length", str(len(content)))
        request.end_headers()
        if request.command != "HEAD":
            self.send(request, content)

    def send(self, request, content):
        if not self.slow or self.slow[0] not in request.path or request.command != "GET":
            request.wfile.write(content)
            return
        piece = self.slow[1] // 10
        for start in range(0, len(content), piece):
            try:
                request.wfile.write(content[start:start + piece])
            except OSError:  # the reader has had enough
                return
            time.sleep(0.1)

    def ask(self, request, headers, body):
        """As the network of AWS does it: whoever comes this way used TLS."""
        headers.pop("transfer-encoding", None)
        headers["content-length"] = str(len(body))
        headers["x-forwarded-proto"] = "https"
        connection = http.client.HTTPConnection("127.0.0.1", self.backend, timeout=300)
        try:
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


def read_body(request, headers):
    if "chunked" not in headers.get("transfer-encoding", ""):
        return request.rfile.read(int(headers.get("content-length") or 0))
    body = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


def refusal(action, headers):
    """How AWS says that something is forbidden, but for the right, which it does not always name."""
    message = "User is not authorized to perform this action"
    if action.startswith("s3:"):
        text = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        return 403, [("content-type", "application/xml")], text.encode()
    kind = "com.amazonaws.sqs#AccessDeniedException" if action.startswith("sqs:") else (
        "com.amazon.coral.service#AccessDeniedException")
    text = f'{{"__type": "{kind}", "message": "{message}"}}'
    return 400, [("content-type", headers.get("content-type", "application/x-amz-json-1.0"))], text.encode()


class Cloud:
    """ministack, with data that nobody keeps."""

    def __init__(self, folder):
        self.port = free_port()
        self.proxy = Proxy(self.port)
        self.url = self.proxy.url
        self.folder = Path(folder)
        self.log = open(self.folder / "cloud.log", "wb")
        environment = {
            **os.environ,
            **self.credentials(),
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            # What functions find AWS at.
            "AWS_ENDPOINT_URL": self.url,
            "TMPDIR": str(self.folder),
            "STATE_DIR": str(self.folder / "state"),
            "IOT_MTLS_ENABLED": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, cwd=self.folder,
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 120
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the cloud did not start: see {self.log.name}")
            time.sleep(0.2)

    @staticmethod
    def credentials():
        """Those of the account's root, for whoever deploys."""
        return {
            "AWS_ACCESS_KEY_ID": ROOT,
            "AWS_SECRET_ACCESS_KEY": ROOT,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def environment(self):
        """For commands that talk to it."""
        return {**os.environ, **self.credentials(), "AWS_ENDPOINT_URL": self.url, "SAM_CLI_TELEMETRY": "0"}

    def client(self, service):
        import boto3
        from botocore.config import Config

        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=ROOT,
            aws_secret_access_key=ROOT, config=Config(s3={"addressing_style": "path"}),
        )

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
