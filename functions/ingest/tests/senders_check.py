"""Real senders, unchanged, against `ingest`: senders_check.py http://HOST:PORT KAFKA_HOST:PORT"""

import logging
import sys
import time

from confluent_kafka import Consumer, TopicPartition
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

import json

INGEST, KAFKA = sys.argv[1], sys.argv[2]
COUNT = 500


def opentelemetry():
    provider = LoggerProvider(resource=Resource.create({"service.name": "otlp-check"}))
    exporter = OTLPLogExporter(endpoint=f"{INGEST}/v1/logs", compression=Compression.Gzip)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.getLogger("check")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(LoggingHandler(logger_provider=provider))
    for number in range(COUNT):
        logger.warning("otlp %d", number, extra={"order": f"A-{number}"})
    assert provider.force_flush()
    provider.shutdown()


def elasticsearch():
    client = Elasticsearch(INGEST)
    documents = (
        {"_op_type": "create", "_index": "bulk-check", "_id": str(number), "message": f"bulk {number}"}
        for number in range(COUNT)
    )
    done, failed = bulk(client, documents, chunk_size=100)
    assert (done, failed) == (COUNT, []), (done, failed)
    # What is bad is told item by item, and the others are taken.
    done, failed = bulk(
        client,
        [{"_index": "bulk-check", "_id": "more", "message": "more"}, {"_index": "bulk-check", "level": True}],
        raise_on_error=False,
    )
    assert done == 1 and failed[0]["index"]["status"] == 400, (done, failed)


def stored():
    consumer = Consumer({"bootstrap.servers": KAFKA, "group.id": "check", "enable.partition.eof": True})
    partitions = consumer.list_topics("app-logs", 10).topics["app-logs"].partitions
    consumer.assign([TopicPartition("app-logs", number, 0) for number in partitions])
    events, ended, until = [], set(), time.monotonic() + 30
    while len(ended) < len(partitions) and time.monotonic() < until:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            ended.add(message.partition())
        else:
            events.append((message.key().decode(), json.loads(message.value())))
    consumer.close()
    return events


def main():
    opentelemetry()
    elasticsearch()
    events = stored()
    otlp = [event for key, event in events if key == "otlp-check"]
    assert sorted(event["message"] for event in otlp) == sorted(f"otlp {n}" for n in range(COUNT))
    assert otlp[0]["level"] == "WARN" and otlp[0]["payload"]["order"] == "A-0", otlp[0]
    assert otlp[0]["timestamp"].startswith("20"), otlp[0]
    sent = [event for key, event in events if key == "bulk-check"]
    assert [event["id"] for event in sent] == [str(n) for n in range(COUNT)] + ["more"]
    print(f"{len(otlp)} events of OpenTelemetry, {len(sent)} of Elasticsearch's bulk helper")


main()
