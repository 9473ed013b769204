#!/usr/bin/env python3
"""What SAM's linters do not see, asserted on the expanded template. Each assertion names the changes
of template.yaml that turn it red, and this program makes each of them and looks: an assertion that
stays green is a fault too.

usage: template.py    in the environment of infra/aws/tests/tools.txt; infra/aws/check does it all
"""

import json
import re
import sys
from pathlib import Path

import tomlkit
from expand import resolve, translate

HERE = Path(__file__).resolve().parent.parent
TABLE = tomlkit.parse((HERE / "functions.toml").read_text())

NETWORK = {
    "VpcId": "vpc-12345678",
    "SubnetIds": "subnet-1,subnet-2",
    "RouteTableIds": "rtb-1",
}
CLUSTER = "arn:aws:kafka:us-east-1:111122223333:cluster/logs/0c1a-2"
# The template for each of these choices: every resource stands in one of them.
CHOICES = {
    "defaults": {},
    "vpc, aurora, kafka": {
        **NETWORK,
        "MetadataStore": "aurora",
        "Trigger": "kafka",
        "KafkaClusterArn": CLUSTER,
        "KafkaFilter": "{}",
        "ParseTimeout": 840,
        "AlarmEmail": "team@example.com",
        "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/bound",
    },
    "all existing": {
        "OpenSearch": "existing",
        "OpenSearchUrl": "https://search.example",
        "OpenSearchSignature": "aoss",
        "MetadataStore": "postgres",
        "DatabaseUrl": "postgres://db.example/logmill",
        "DatabaseAuth": "iam",
        "Architecture": "x86_64",
        "ParseTimeout": 30,
    },
    "vpc, dynamodb": {**NETWORK, "ParseTimeout": 600},
    "vpc, a secret": {
        **NETWORK,
        "OpenSearch": "existing",
        "OpenSearchUrl": "{secretsmanager:search}",
        "SecretArns": "arn:aws:secretsmanager:us-east-1:111122223333:secret:search-AbCdEf",
    },
    "quick": {"ParseTimeout": 120, "ReserveConcurrency": "no"},
    "off": {"Processing": "off", "Trigger": "kafka", "KafkaClusterArn": CLUSTER},
}
CHECKS = []


def check(claim, *changes):
    """Registers an assertion: its claim, and the changes (from, to) of the template that refute it."""

    def register(function):
        CHECKS.append((claim, function, changes))
        return function

    return register


class Stacks:
    """The stacks of all choices."""

    def __init__(self, text):
        self.template = translate(text)
        self.stacks = {name: resolve(self.template, given) for name, given in CHOICES.items()}

    def all(self, kind):
        """Every resource of a type: where it stands, and its properties."""
        for choice, resources in self.stacks.items():
            for name, resource in resources.items():
                if resource["Type"] == kind:
                    yield f"{name} ({choice})", choice, resource.get("Properties", {})

    def everything(self):
        for choice, resources in self.stacks.items():
            for name, resource in resources.items():
                yield f"{name} ({choice})", choice, resource

    def functions(self):
        return self.all("AWS::Lambda::Function")

    def mappings(self):
        """Every event source mapping, with the function and the queue or cluster of it."""
        for place, choice, mapping in self.all("AWS::Lambda::EventSourceMapping"):
            resources = self.stacks[choice]
            source = mapping["EventSourceArn"]
            queue = resources.get(target(source))
            function = resources[target(mapping["FunctionName"])]["Properties"]
            yield place, mapping, function, queue and queue["Properties"], source

    def statements(self):
        """Every statement of every role: where, and itself."""
        for place, choice, role in self.all("AWS::IAM::Role"):
            for policy in role["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield place, choice, statement


def target(reference):
    """The name of the resource that a reference means."""
    if isinstance(reference, dict):
        return reference["Ref"] if "Ref" in reference else reference["Fn::GetAtt"][0]
    return reference


def many(value):
    return value if isinstance(value, list) else [value]


def short(name):
    """`parse`, of `logmill-parse`."""
    return name.removeprefix("logmill-")


# --- the functions -----------------------------------------------------------------------------


@check(
    "every function of the table that is deployed stands in the template, and no other",
    ('FunctionName: !Sub "${AWS::StackName}-parse"', 'FunctionName: !Sub "${AWS::StackName}-purse"'),
)
def functions(stacks):
    wanted = {name for name, function in TABLE.items() if function["deployed"]}
    for choice in CHOICES:
        found = {short(f["FunctionName"]) for _, where, f in stacks.functions() if where == choice}
        if found != wanted:
            yield f"{choice}: {sorted(found)}, wanted {sorted(wanted)}"


@check(
    "functions run on provided.al2023, from a file named bootstrap",
    ("Runtime: provided.al2023", "Runtime: provided.al2"),
    ("Handler: bootstrap", "Handler: main"),
)
def runtime(stacks):
    for place, _, function in stacks.functions():
        if (function["Runtime"], function["Handler"]) != ("provided.al2023", "bootstrap"):
            yield place


@check(
    "the processor is arm64, or what the parameter says",
    ("Architectures: [!Ref Architecture]", "Architectures: [x86_64]"),
    ("Default: arm64", "Default: x86_64"),
)
def architecture(stacks):
    for place, choice, function in stacks.functions():
        if function["Architectures"] != [CHOICES[choice].get("Architecture", "arm64")]:
            yield f"{place}: {function['Architectures']}"


@check(
    "a call ends before Lambda's limit: 900 s, and 840 s where Kafka calls",
    ("Timeout: !Ref ParseTimeout", "Timeout: 901"),
    ("AllowedValues: [30, 120, 300, 600, 840]", "AllowedValues: [30, 120, 300, 600, 900]"),
)
def timeouts(stacks):
    for place, _, function in stacks.functions():
        if not 1 <= int(function["Timeout"]) <= 840:
            yield f"{place}: {function['Timeout']}"
    largest = max(stacks.template["Parameters"]["ParseTimeout"]["AllowedValues"])
    if largest > 840:
        yield f"ParseTimeout may be {largest}"


@check(
    "parse may call itself through its queue",
    ("RecursiveLoop: Allow", "RecursiveLoop: Terminate"),
)
def recursion(stacks):
    for place, _, function in stacks.functions():
        if short(function["FunctionName"]) == "parse" and function.get("RecursiveLoop") != "Allow":
            yield place


@check(
    "every setting that a function reads is set, and no other",
    ("          LOGMILL_RECORDS: !Ref Records\n", ""),
    ("LOGMILL_METRICS: emf", "LOGMILL_METRICS: emf\n          LOGMILL_METRIC: emf"),
)
def settings(stacks):
    for place, _, function in stacks.functions():
        found = set(function["Environment"]["Variables"])
        wanted = set(TABLE[short(function["FunctionName"])]["settings"])
        for name in sorted(found ^ wanted):
            yield f"{place}: {name} is {'unknown' if name in found else 'missing'}"


@check(
    "no secret stands in a function's settings, for who may look at a function may read them",
    ("{secretsmanager:${DatabaseSecret}#password}",
     "{{resolve:secretsmanager:${DatabaseSecret}:SecretString:password}}"),
)
def settings_without_secrets(stacks):
    for place, _, function in stacks.functions():
        for name, value in function["Environment"]["Variables"].items():
            if "{{resolve:" in json.dumps(value):
                yield f"{place}: {name} is resolved when it is deployed: {value}"


@check(
    "a function's settings fit each other",
    ("OPENSEARCH_SIGV4: !If [MakesDomain, es,", "OPENSEARCH_SIGV4: !If [MakesDomain, \"off\","),
    ('LOGMILL_TABLE_PREFIX: !Sub "${AWS::StackName}-"', 'LOGMILL_TABLE_PREFIX: ""'),
    ("LOGMILL_METRICS: emf", "LOGMILL_METRICS: prometheus"),
)
def settings_fit(stacks):
    tables = {choice: table["TableName"] for _, choice, table in stacks.all("AWS::DynamoDB::Table")}
    for place, choice, function in stacks.functions():
        variables = function["Environment"]["Variables"]
        made = "Domain" in stacks.stacks[choice]
        if made and variables["OPENSEARCH_SIGV4"] != "es":
            yield f"{place}: requests to the stack's own domain are not signed"
        table = variables["LOGMILL_TABLE_PREFIX"] + "deployment_metadata"
        if tables.get(choice, table) != table:
            yield f"{place}: the table is {tables[choice]}, the function uses {table}"
        if variables["LOGMILL_METRICS"] != "emf":
            yield f"{place}: CloudWatch finds no metrics"


@check(
    "functions log as JSON into a log group of their own that does not grow for ever",
    ("LogFormat: JSON", "LogFormat: Text"),
    ("      RetentionInDays: !Ref LogRetentionDays\n", ""),
    ("LogGroup: !Ref ParseLogGroup", "LogGroup: elsewhere"),
)
def logs(stacks):
    for place, choice, function in stacks.functions():
        logging = function.get("LoggingConfig", {})
        group = stacks.stacks[choice].get(target(logging.get("LogGroup")))
        if logging.get("LogFormat") != "JSON" or group is None:
            yield f"{place}: {logging}"
        elif not group["Properties"].get("RetentionInDays"):
            yield f"{place}: its log is kept for ever"


@check(
    "where there is a VPC, the functions are in it and reach all that they use",
    ("          SecurityGroupIds: [!Ref FunctionsSecurityGroup]\n        - !Ref AWS::NoValue",
     "          SecurityGroupIds: [sg-1]\n        - !Ref AWS::NoValue"),
    ("  SqsEndpoint:\n    Type: AWS::EC2::VPCEndpoint\n    Condition: MakesEndpoints",
     "  SqsEndpoint:\n    Type: AWS::EC2::VPCEndpoint\n    Condition: MakesDynamoEndpoint"),
    ("MakesDynamoEndpoint: !And [!Condition MakesEndpoints, !Condition UsesDynamo]",
     "MakesDynamoEndpoint: !And [!Condition MakesEndpoints, !Condition MakesAurora]"),
)
def network(stacks):
    for place, choice, function in stacks.functions():
        within = function.get("VpcConfig")
        if bool(within) != ("VpcId" in CHOICES[choice]):
            yield f"{place}: {within}"
        if not within:
            continue
        if [target(group) for group in within["SecurityGroupIds"]] != ["FunctionsSecurityGroup"]:
            yield f"{place}: {within['SecurityGroupIds']}"
        endpoints = {e["ServiceName"].rsplit(".")[-1] for _, c, e in stacks.all("AWS::EC2::VPCEndpoint")
                     if c == choice}
        needed = {"s3", "sqs"}
        if CHOICES[choice].get("MetadataStore", "dynamodb") == "dynamodb":
            needed.add("dynamodb")
        if "secretsmanager" in json.dumps(function["Environment"]):
            needed.add("secretsmanager")
        if endpoints != needed:
            yield f"{place}: endpoints {sorted(endpoints)}, needed {sorted(needed)}"


# --- their rights ------------------------------------------------------------------------------


@check(
    "every function has a role of its own, which only Lambda takes",
    ("Role: !GetAtt ParseRole.Arn", "Role: arn:aws:iam::111122223333:role/admin"),
    ("Principal: { Service: lambda.amazonaws.com }", 'Principal: { AWS: "*" }'),
)
def roles(stacks):
    for choice in CHOICES:
        taken = set()
        for place, where, function in stacks.functions():
            if where != choice:
                continue
            role = stacks.stacks[choice].get(target(function["Role"]))
            if role is None or target(function["Role"]) in taken:
                yield f"{place}: {function['Role']}"
                continue
            taken.add(target(function["Role"]))
            for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                if statement["Principal"] != {"Service": "lambda.amazonaws.com"}:
                    yield f"{place}: {statement['Principal']} may take its role"


@check(
    "no right is for every action, and none for every resource but with a reason",
    ("Action: s3:PutObject", 'Action: "s3:*"'),
    ('Resource: !Sub "${DeadLetterBucket.Arn}/*"', 'Resource: "*"'),
    ("Sid: BeInTheVpc", "Sid: BeAnywhere"),
)
def no_star(stacks):
    excused = {name for function in TABLE.values() for name in function.get("everything", {})}
    for place, _, statement in stacks.statements():
        if any("*" in action for action in many(statement["Action"])):
            yield f"{place}: {statement['Action']}"
        if "*" in many(statement["Resource"]) and statement.get("Sid") not in excused:
            yield f"{place}: {statement.get('Sid')} is for every resource"


@check(
    "a role allows what the table of functions says, and nothing else",
    ("Action: s3:PutObject", "Action: [s3:PutObject, s3:DeleteObject]"),
    ("                  - sqs:DeleteMessage\n", ""),
)
def rights(stacks):
    for name, function in TABLE.items():
        if not function["deployed"]:
            continue
        wanted = set(function["uses"]) | set(function["has"])
        found = {
            action
            for place, _, statement in stacks.statements()
            if place.lower().startswith(f"{name}role")
            for action in many(statement["Action"])
        }
        for action in sorted(wanted ^ found):
            yield f"{name}: {action} is {'too much' if action in found else 'missing'}"


@check(
    "a permissions boundary bounds every role",
    ("      Description: What the function parse may do.\n      PermissionsBoundary: !If [HasBoundary, "
     "!Ref PermissionsBoundaryArn, !Ref AWS::NoValue]\n",
     "      Description: What the function parse may do.\n"),
)
def boundary(stacks):
    for place, choice, role in stacks.all("AWS::IAM::Role"):
        if role.get("PermissionsBoundary") != CHOICES[choice].get("PermissionsBoundaryArn"):
            yield f"{place}: {role.get('PermissionsBoundary')}"


# --- what calls them ---------------------------------------------------------------------------


@check(
    "a queue hides a message for six times as long as a call may take",
    *((f'"{t}": {{ Visibility: {6 * t} }}', f'"{t}": {{ Visibility: {6 * t - 1} }}')
      for t in (30, 120, 300, 600, 840)),
)
def visibility(stacks):
    for place, _, function, queue, _ in stacks.mappings():
        if queue and int(queue["VisibilityTimeout"]) < 6 * int(function["Timeout"]):
            yield f"{place}: {queue['VisibilityTimeout']} s, a call takes {function['Timeout']} s"


@check(
    "what kills a function again and again ends in a queue of dead messages, which keeps it long enough",
    ("        deadLetterTargetArn: !GetAtt ParseDeadLetterQueue.Arn\n", ""),
    ("maxReceiveCount: 10", "maxReceiveCount: 2"),
    ("-parse-dead\"\n      MessageRetentionPeriod: 1209600", "-parse-dead\"\n      MessageRetentionPeriod: 86400"),
)
def redrive(stacks):
    for place, choice, queue in stacks.all("AWS::SQS::Queue"):
        if "dead" in queue["QueueName"]:
            continue
        policy = queue.get("RedrivePolicy", {})
        dead = stacks.stacks[choice].get(target(policy.get("deadLetterTargetArn")))
        attempts = 5  # LOGMILL_MAX_ATTEMPTS: before that the function itself gives up
        if dead is None or not attempts < policy["maxReceiveCount"] <= 1000:
            yield f"{place}: {policy}"
        elif dead["Properties"]["MessageRetentionPeriod"] < queue["MessageRetentionPeriod"]:
            yield f"{place}: its dead messages are forgotten before its own"


@check(
    "batches of a queue fail message by message, and parse gets one at a time",
    ("FunctionResponseTypes: [ReportBatchItemFailures]", "FunctionResponseTypes: []"),
    ("            BatchSize: 1\n", "            BatchSize: 10\n"),
)
def partial(stacks):
    for place, mapping, _, queue, _ in stacks.mappings():
        if queue and mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{place}: {mapping.get('FunctionResponseTypes')}"
        if queue and mapping["BatchSize"] != 1:
            yield f"{place}: batches of {mapping['BatchSize']}"


@check(
    "only the bucket of the logs may send to the queue, and it tells it of every object",
    ("Principal: { Service: s3.amazonaws.com }", 'Principal: "*"'),
    ("              StringEquals: { \"aws:SourceAccount\": !Ref AWS::AccountId }\n", ""),
    ("Event: s3:ObjectCreated:*", "Event: s3:ObjectCreated:Put"),
    ("DependsOn: ParseQueuePolicy", "DependsOn: ParseQueue"),
)
def bucket_tells(stacks):
    for place, _, policy in stacks.all("AWS::SQS::QueuePolicy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            conditions = statement.get("Condition", {})
            if statement["Effect"] == "Allow" and not (
                statement["Principal"] == {"Service": "s3.amazonaws.com"}
                and "aws:SourceAccount" in conditions.get("StringEquals", {})
                and "logmill-logs-" in conditions.get("ArnEquals", {}).get("aws:SourceArn", "")
            ):
                yield f"{place}: {statement}"
    for choice, resources in stacks.stacks.items():
        bucket = resources["LogBucket"]
        told = bucket["Properties"]["NotificationConfiguration"].get("QueueConfigurations", [])
        wanted = [] if CHOICES[choice].get("Trigger") == "kafka" else ["s3:ObjectCreated:*"]
        if [one["Event"] for one in told] != wanted:
            yield f"LogBucket ({choice}): {told}"
        if bucket.get("DependsOn") != "ParseQueuePolicy":
            yield f"LogBucket ({choice}) may be made before it may send"


@check(
    "EventBridge hears of every bucket's objects",
    ("EventBridgeEnabled: true", "EventBridgeEnabled: false"),
)
def event_bridge(stacks):
    for place, _, bucket in stacks.all("AWS::S3::Bucket"):
        notified = bucket.get("NotificationConfiguration", {})
        if not notified.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled"):
            yield place


@check(
    "what Kafka could not deliver is kept, and its events wait for each other no longer than allowed",
    ("        OnFailure: { Destination: !GetAtt ParseDeadLetterQueue.Arn }", "        OnFailure: {}"),
    ("MaximumBatchingWindowInSeconds: !Ref KafkaBatchSeconds", "MaximumBatchingWindowInSeconds: 301"),
    ("        ConsumerGroupId: logmill-parse\n", "        ConsumerGroupId: parse\n"),
)
def kafka(stacks):
    for place, mapping, _, queue, _ in stacks.mappings():
        if queue:
            continue
        kept = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        group = mapping["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        if target(kept) != "ParseDeadLetterQueue" or group != "logmill-parse":
            yield f"{place}: {kept}, {group}"
        if not 0 <= mapping["MaximumBatchingWindowInSeconds"] <= 300:
            yield f"{place}: {mapping['MaximumBatchingWindowInSeconds']} s"


RATE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)")
CRON = re.compile(r"cron\(([^ ()]+ ){5}[^ ()]+\)")


@check(
    "schedules are ones that AWS reads",
    ("        Messages:\n          Type: SQS",
     "        Often:\n          Type: ScheduleV2\n          Properties:\n"
     "            ScheduleExpression: rate(5 minute)\n        Messages:\n          Type: SQS"),
    ("        Messages:\n          Type: SQS",
     "        Daily:\n          Type: Schedule\n          Properties:\n"
     "            Schedule: cron(0 3 * * *)\n        Messages:\n          Type: SQS"),
)
def schedules(stacks):
    for kind in ("AWS::Events::Rule", "AWS::Scheduler::Schedule"):
        for place, _, rule in stacks.all(kind):
            expression = rule.get("ScheduleExpression")
            if expression and not (RATE.fullmatch(expression) or CRON.fullmatch(expression)):
                yield f"{place}: {expression}"


@check(
    "the off switch ends every call, and concurrency is bounded and reserved",
    ("MaximumConcurrency: !Ref ParseConcurrency\n            Enabled: !If [IsOn, true, false]",
     "MaximumConcurrency: !Ref ParseConcurrency\n            Enabled: true"),
    ("            ScalingConfig:\n              MaximumConcurrency: !Ref ParseConcurrency\n", ""),
    ("!If [ReservesConcurrency, !Ref ParseConcurrency, !Ref AWS::NoValue]", "!Ref AWS::NoValue"),
)
def guard(stacks):
    for place, mapping, function, queue, _ in stacks.mappings():
        on = not place.endswith("(off)")
        if mapping.get("Enabled") is not on:
            yield f"{place}: enabled: {mapping.get('Enabled')}"
        most = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        reserved = function.get("ReservedConcurrentExecutions")
        if not queue:
            continue
        if not (most and 2 <= most <= 1000):
            yield f"{place}: as many calls at once as Lambda can"
        elif not place.endswith("(quick)") and (reserved is None or reserved < most):
            yield f"{place}: {most} at once, {reserved} reserved"


# --- what they keep ----------------------------------------------------------------------------


def encrypted_bucket(bucket):
    rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    return any(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules)


ENCRYPTED = {
    "AWS::S3::Bucket": encrypted_bucket,
    "AWS::SQS::Queue": lambda queue: queue.get("SqsManagedSseEnabled") is True,
    "AWS::SNS::Topic": lambda topic: bool(topic.get("KmsMasterKeyId")),
    "AWS::DynamoDB::Table": lambda table: table.get("SSESpecification", {}).get("SSEEnabled") is True,
    "AWS::RDS::DBCluster": lambda cluster: cluster.get("StorageEncrypted") is True,
    "AWS::OpenSearchService::Domain": lambda domain: (
        domain["EncryptionAtRestOptions"]["Enabled"] is True
        and domain["NodeToNodeEncryptionOptions"]["Enabled"] is True
        and domain["DomainEndpointOptions"]["EnforceHTTPS"] is True
        and domain["DomainEndpointOptions"]["TLSSecurityPolicy"].startswith("Policy-Min-TLS-1-2")
    ),
}


@check(
    "whatever keeps data encrypts it",
    ("SSEAlgorithm: AES256", "SSEAlgorithm: \"\""),
    ("      SqsManagedSseEnabled: true\n", ""),
    ("      KmsMasterKeyId: alias/aws/sns\n", ""),
    ("      SSESpecification: { SSEEnabled: true }\n", ""),
    ("      StorageEncrypted: true\n", ""),
    ("EncryptionAtRestOptions: { Enabled: true }", "EncryptionAtRestOptions: { Enabled: false }"),
    ("EnforceHTTPS: true", "EnforceHTTPS: false"),
)
def encryption(stacks):
    for kind, is_encrypted in ENCRYPTED.items():
        found = False
        for place, _, properties in stacks.all(kind):
            found = True
            if not is_encrypted(properties):
                yield place
        if not found:
            yield f"there is no {kind} in any choice"


@check(
    "buckets and queues refuse whoever does not use TLS",
    ("      Bucket: !Ref DeadLetterBucket\n", "      Bucket: !Ref LogBucket\n"),
    ("            Action: sqs:*\n            Resource: !GetAtt ParseQueue.Arn\n            Condition:\n"
     '              Bool: { "aws:SecureTransport": "false" }',
     "            Action: sqs:*\n            Resource: !GetAtt ParseQueue.Arn\n            Condition:\n"
     '              Bool: { "aws:SecureTransport": "true" }'),
)
def tls_only(stacks):
    refuses = {"Bool": {"aws:SecureTransport": "false"}}
    for choice, resources in stacks.stacks.items():
        covered = set()
        for resource in resources.values():
            properties = resource.get("Properties", {})
            document = properties.get("PolicyDocument")
            if not document:
                continue
            if any(s["Effect"] == "Deny" and s.get("Condition") == refuses for s in document["Statement"]):
                covered |= {target(name) for name in properties.get("Queues", [properties.get("Bucket")])}
        wanted = {name for name, r in resources.items() if r["Type"] == "AWS::S3::Bucket"}
        for name in sorted((wanted | {"ParseQueue"}) - covered):
            yield f"{name} ({choice})"


@check(
    "no bucket can be made public",
    ("BlockPublicPolicy: true", "BlockPublicPolicy: false"),
    ("ObjectOwnership: BucketOwnerEnforced", "ObjectOwnership: ObjectWriter"),
)
def private(stacks):
    shut = dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    for place, _, bucket in stacks.all("AWS::S3::Bucket"):
        if bucket.get("PublicAccessBlockConfiguration") != shut or bucket.get("OwnershipControls") != owned:
            yield place


@check(
    "what is in a bucket is bounded where nobody reads it any more",
    ("            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }\n          - Id: replaced-versions\n"
     "            Status: Enabled\n            NoncurrentVersionExpiration: { NoncurrentDays: 30 }\n          # Logs",
     "            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }\n          # Logs"),
)
def lifecycle(stacks):
    for place, _, bucket in stacks.all("AWS::S3::Bucket"):
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
        kinds = {kind for rule in rules if rule["Status"] == "Enabled" for kind in rule}
        if not {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"} <= kinds:
            yield f"{place}: {sorted(kinds)}"
        if any("ExpirationInDays" in rule for rule in rules):
            yield f"{place} forgets logs"


KEEPS = {
    "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::RDS::DBCluster",
    "AWS::OpenSearchService::Domain", "AWS::SecretsManager::Secret",
}


@check(
    "data outlives its stack",
    ("    DependsOn: ParseQueuePolicy\n    DeletionPolicy: RetainExceptOnCreate",
     "    DependsOn: ParseQueuePolicy\n    DeletionPolicy: Delete"),
    ("    Condition: UsesDynamo\n    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n",
     "    Condition: UsesDynamo\n"),
    ("    DeletionPolicy: Snapshot\n", "    DeletionPolicy: Delete\n"),
    ("      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }\n", ""),
)
def outlives(stacks):
    for place, _, resource in stacks.everything():
        if resource["Type"] not in KEEPS:
            continue
        kept = {"Retain", "RetainExceptOnCreate", "Snapshot"}
        if resource.get("DeletionPolicy") not in kept or resource.get("UpdateReplacePolicy") not in kept:
            yield f"{place}: {resource.get('DeletionPolicy')}, {resource.get('UpdateReplacePolicy')}"
    for place, _, table in stacks.all("AWS::DynamoDB::Table"):
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{place}: no point in time to go back to"


@check(
    "what belongs to Logmill says so in a tag",
    ("      EnableCloudwatchLogsExports: [postgresql]\n      Tags:\n        - { Key: application, Value: logmill }",
     "      EnableCloudwatchLogsExports: [postgresql]"),
)
def tags(stacks):
    kinds = KEEPS | {"AWS::SQS::Queue", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::SNS::Topic",
                     "AWS::EC2::SecurityGroup", "AWS::Lambda::Function"}
    for place, _, resource in stacks.everything():
        tag = {"Key": "application", "Value": "logmill"}
        if resource["Type"] in kinds and tag not in resource["Properties"].get("Tags", []):
            yield place


# --- what watches over it ----------------------------------------------------------------------


@check(
    "alarms tell of dead letters, missing rights, dead messages, age, cut-off calls, crashes and errors, to "
    "who is named",
    ("{ Name: cause, Value: AccessDenied }", "{ Name: cause, Value: Denied }"),
    ("MetricName: ApproximateAgeOfOldestMessage", "MetricName: NumberOfMessagesSent"),
    ("Dimensions: [{ Name: function, Value: parse }]", "Dimensions: [{ Name: function, Value: purse }]"),
    ("          MetricName: !Sub \"${AWS::StackName}-parse-crashed\"", "          MetricName: crashed"),
    ("AlarmActions: !If [HasAlarmEmail, [!Ref AlarmTopic], !Ref AWS::NoValue]\n\n  DeadMessagesAlarm",
     "ActionsEnabled: false\n\n  DeadMessagesAlarm"),
)
def alarms(stacks):
    functions_ = [name for name, function in TABLE.items() if function["deployed"]]
    for choice in CHOICES:
        watched = set()
        counted = {m["MetricName"] for _, c, f in stacks.all("AWS::Logs::MetricFilter")
                   if c == choice for m in f["MetricTransformations"]}
        for place, where, alarm in stacks.all("AWS::CloudWatch::Alarm"):
            if where != choice:
                continue
            watched.add((alarm["MetricName"], tuple(str(target(d["Value"])) for d in alarm.get("Dimensions", []))))
            if ("AlarmEmail" in CHOICES[choice]) != bool(alarm.get("AlarmActions")):
                yield f"{place}: {alarm.get('AlarmActions')}"
        for name in functions_:
            wanted = {
                ("dlq_events_total", (name,)),
                ("logmill_retries_total", (name, "AccessDenied")),
                ("ApproximateNumberOfMessagesVisible", (f"{name.title()}DeadLetterQueue",)),
                ("ApproximateAgeOfOldestMessage", (f"{name.title()}Queue",)),
                ("Errors", (name.title(),)),
                (f"logmill-{name}-timed-out", ()),
                (f"logmill-{name}-crashed", ()),
            }
            for missing in sorted(wanted - watched):
                yield f"{choice}: no alarm by {missing}"
            for metric in (f"logmill-{name}-timed-out", f"logmill-{name}-crashed"):
                if metric not in counted:
                    yield f"{choice}: nothing counts {metric}"


# --- the run -----------------------------------------------------------------------------------


def faults_of(function, text):
    return list(function(Stacks(text)))


def main():
    text = (HERE / "template.yaml").read_text()
    stacks = Stacks(text)
    bad = 0
    stands = {name for resources in stacks.stacks.values() for name in resources}
    for name in sorted(set(stacks.template["Resources"]) - stands):
        bad += 1
        print(f"FAULT {name} stands in no choice of parameters, so nothing is asserted of it")
    for claim, function, changes in CHECKS:
        faults = list(function(stacks))
        bad += bool(faults)
        print(f"{'FAULT' if faults else 'ok   '} {claim}")
        for fault in faults:
            print(f"        {fault}")
        for old, new in changes:
            line = " ".join((old if len(old) < 70 else old[:67] + "…").split())
            if old not in text:
                bad += 1
                print(f"        the template has no `{line}`, which a change was to replace")
            elif not faults_of(function, text.replace(old, new)):
                bad += 1
                to = " ".join(new.split()) or "nothing"
                print(f"        stays green when `{line}` becomes `{to}`")
            else:
                to = " ".join((new if len(new) < 50 else new[:47] + "…").split()) or "nothing"
                print(f"          red: `{line}` → `{to}`")
    changes = sum(len(changes) for _, _, changes in CHECKS)
    print(f"\n{len(CHECKS)} assertions, {changes} changes that turn them red, {bad} faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
