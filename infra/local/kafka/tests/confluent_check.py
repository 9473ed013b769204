#!/usr/bin/env python3
"""Checks the broker with an outside client, confluent-kafka: confluent_check.py HOST:PORT"""

import sys
import time
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

servers = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(servers)
failed = 0


def check(what, so, seen=""):
    global failed
    failed += not so
    print("ok  " if so else "FAIL", what, seen)


def create(partitions=1, **config):
    topic = "check-" + uuid.uuid4().hex[:8]
    new = NewTopic(topic, partitions, 1, config={k.replace("_", "."): v for k, v in config.items()})
    admin.create_topics([new])[topic].result(30)
    return topic


def produce(topic, count, **config):
    """Sends messages and returns what each one's delivery said."""
    said = []
    producer = Producer({**servers, "enable.idempotence": True, "linger.ms": 20, **config})
    for number in range(count):
        while True:
            try:
                producer.produce(
                    topic,
                    value=b"%d " % number + b"x" * 200,
                    key=b"key-%d" % (number % 7),
                    headers=[("n", b"%d" % number)],
                    on_delivery=lambda error, message: said.append((error, message)),
                )
                break
            except BufferError:
                producer.poll(0.05)
    left = producer.flush(60)
    return left, said


def consumer(group, **config):
    settings = {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    return Consumer({**servers, **settings, **config})


def read(reader, count, patience=60):
    messages, until = [], time.time() + patience
    while len(messages) < count and time.time() < until:
        messages += [m for m in reader.consume(1000, 0.2) if not m.error()]
    return messages


for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
    topic = create()
    left, said = produce(topic, 5000, **{"compression.type": codec})
    acknowledged = left == 0 and all(error is None for error, _ in said)
    check(f"5000 messages are acknowledged: {codec}", acknowledged)
    reader = consumer("g-" + topic)
    reader.subscribe([topic])
    messages = read(reader, 5000)
    right = [(m.offset(), m.value().split()[0], m.headers()) for m in messages] == [
        (n, b"%d" % n, [("n", b"%d" % n)]) for n in range(5000)
    ]
    check(f"they are read in their order: {codec}", right, len(messages))
    reader.close()

for strategy in ["range", "roundrobin", "cooperative-sticky"]:
    topic = create(partitions=3)
    produce(topic, 300)
    group = {"group": "g-" + topic, "partition.assignment.strategy": strategy}
    first = consumer(**group)
    first.subscribe([topic])
    seen = read(first, 300)
    check(f"a group reads all partitions: {strategy}", len(seen) == 300)
    offsets = [TopicPartition(topic, n, first.get_watermark_offsets(TopicPartition(topic, n))[1] - 1)
               for n in {m.partition() for m in seen}]
    first.commit(offsets=offsets, asynchronous=False)
    first.close()
    second = consumer(**group)
    second.subscribe([topic])
    again = read(second, len(offsets))
    check(f"it goes on where it committed: {strategy}", len(again) == len(offsets), len(again))
    second.close()

topic = create()
reader = consumer("tail-" + topic)
reader.assign([TopicPartition(topic, 0, 0)])
reader.poll(0.5)
producer = Producer(servers)
waits = []
for _ in range(20):
    began = time.time()
    producer.produce(topic, b"now")
    producer.flush(10)
    seen = reader.poll(30)
    waits.append(time.time() - began)
    check("a message is seen as it comes", seen is not None and seen.value() == b"now")
print(f"     sent to seen: median {sorted(waits)[10] * 1000:.1f} ms")
reader.close()

topic = create(partitions=2, retention_ms="60000")
described = admin.describe_configs([ConfigResource("topic", topic)])
described = next(iter(described.values())).result(30)
check("a topic's settings are described", described["retention.ms"].value == "60000")
check("metadata list the topic", len(admin.list_topics(topic, 30).topics[topic].partitions) == 2)
admin.delete_topics([topic])[topic].result(30)
check("a deleted topic is gone", topic not in admin.list_topics(timeout=30).topics)

try:
    Producer({**servers, "transactional.id": "t"}).init_transactions(30)
    check("transactions are refused", False)
except KafkaException as error:
    check("transactions are refused", True, str(error)[:70])

sys.exit(failed)
