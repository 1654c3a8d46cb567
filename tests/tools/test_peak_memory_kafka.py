"""No record of Kafka makes a tool take more memory than one call may.

In: the stand-in broker, records of 900 kB, the most it takes, batches that unpack to 100 MB.
Out: proof that the peak grows by at most 64 MiB, and that small records beside them are shown.
Must not know: how frames and batches are capped.
"""

from __future__ import annotations

import asyncio
import gzip
import struct
import subprocess
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer, conn
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from peak_memory import MAX_GROWTH, Measured, measured
from stacktic_mcp.tools.kafka.kafka_caps import (
    MAX_BATCH_BYTES,
    MAX_FRAME_BYTES,
    TooLargeError,
    refused_frames,
    unpack_gzip,
)
from test_kafka import BINARY, free_port, link_to, wait_until_ready

pytestmark = pytest.mark.anyio

SIZES = {"packed": 100_000_000, "large": 900_000, "many": 60_000, "mixed": 100_000_000}
CALLS = [
    ("kafka_peek", {"topic": name, "limit": 100, "max_bytes": 65536, "start": "earliest"})
    for name in SIZES
]


async def fill(address: str) -> None:
    """Produce what no answer can hold, and small records beside it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1) for name in [*SIZES, "good"]])
    await admin.close()
    for kind in ("gzip", None):
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=address, compression_type=kind, max_request_size=200_000_000
        )
        await producer.start()
        if kind:
            for name in ("packed", "mixed"):
                await producer.send_and_wait(name, b"z" * SIZES[name], b"k", partition=1)
            for _ in range(200):
                await producer.send_and_wait("many", b"z" * SIZES["many"], b"k", partition=0)
        else:
            await producer.send_and_wait("large", b"z" * SIZES["large"], b"k", partition=0)
            await producer.send_and_wait("mixed", b"small", b"\xff\xfe", partition=0)
            await producer.send_and_wait("good", b"small", b"k", partition=0)
        await producer.stop()


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Measured]]:
    """Start a broker, fill it, and make all calls in one process."""
    port, folder = free_port(), tmp_path_factory.mktemp("kafka")
    command = [str(BINARY), "start", "--data-dir", str(folder / "data"), "--host", "127.0.0.1"]
    command += ["--only", "kafka", "--kafka-port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until_ready(port)
            asyncio.run(fill(f"127.0.0.1:{port}"))
            link = link_to(port, enums={"topics": [*SIZES, "good"], "groups": []})
            good: tuple[str, dict[str, Any]] = ("kafka_peek", {"topic": "good"})
            lines = measured("stacktic_mcp.tools.kafka.kafka_tools", link, [good, *CALLS])
            yield dict(zip(SIZES, lines[1:], strict=True))
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.mark.parametrize("name", SIZES)
def test_the_peak_stays_low(taken: dict[str, Measured], name: str) -> None:
    print(f"{name}: {taken[name]}")
    assert taken[name].growth <= MAX_GROWTH


def test_what_no_call_may_read_is_refused(taken: dict[str, Measured]) -> None:
    assert '"E_LIMIT"' in (taken["packed"].refusal or "")


def test_a_large_record_is_shown_by_its_beginning(taken: dict[str, Measured]) -> None:
    answer = taken["large"].answer
    assert answer is not None
    (row,) = answer["data"]
    assert (len(row["value"]), row["value_bytes"]) == (2048, SIZES["large"])
    assert answer["truncated_by"] == "cell"


def test_small_records_beside_it_are_shown(taken: dict[str, Measured]) -> None:
    answer = taken["mixed"].answer
    assert answer is not None
    (row,) = answer["data"]
    assert (row["value"], row["encoding"]) == ("small", "utf-8")
    assert (row["key"], row["key_encoding"], row["key_bytes"]) == ("//4=", "base64", 2)
    assert answer["truncated_by"] == "bytes"
    many = taken["many"].answer
    assert many is not None
    assert (many["returned"], many["truncated"]) == (1, True)


@dataclass
class Connection:
    """What the library's reader needs of a connection."""

    _reader: asyncio.StreamReader
    frames: list[bytes] = field(default_factory=list[bytes])

    def _handle_frame(self, frame: bytes) -> None:
        self.frames.append(frame)


async def test_a_frame_ends_at_the_cap_before_it_is_read() -> None:
    """The stand-in takes no record that is larger than the cap; a broker may be set to."""
    reader = asyncio.StreamReader()
    reader.feed_data(struct.pack(">i", 3) + b"abc" + struct.pack(">i", MAX_FRAME_BYTES + 1))
    connection, library = Connection(reader), cast("Any", conn.AIOKafkaConnection)
    noted: list[int] = []
    refused_frames.set(noted)
    with pytest.raises(ConnectionError):
        await library._read(lambda: connection)
    assert (connection.frames, noted) == ([b"abc"], [MAX_FRAME_BYTES + 1])


def test_batches_unpack_up_to_the_cap() -> None:
    data = gzip.compress(b"a" * 1000) + gzip.compress(b"b")
    assert unpack_gzip(memoryview(data)) == b"a" * 1000 + b"b"
    assert len(unpack_gzip(gzip.compress(b"z" * MAX_BATCH_BYTES))) == MAX_BATCH_BYTES
    with pytest.raises(TooLargeError):
        unpack_gzip(gzip.compress(b"z" * (MAX_BATCH_BYTES + 1)))
