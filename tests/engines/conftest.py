"""One Spark session for the room, and the random histories of the independent reference."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for room in ("clinical", "clinical_reference", "functional"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))

# Small data: one task a step, and no code compiled for each statement.
FAST = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.log.level": "ERROR",
    "spark.connect.grpc.binding.port": "0",  # any that is free
}


@pytest.fixture(scope="session")
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").appName("tests")
    for name, value in FAST.items():
        builder = builder.config(name, value)
    opened = builder.getOrCreate()
    yield opened
    opened.stop()


@pytest.fixture(scope="session")
def connect_address(session: Any) -> Iterator[str]:
    """A server of Spark Connect beside the session, in the same Spark."""
    room = session._jvm.org.apache.spark.sql.connect.service
    service = getattr(getattr(room, "SparkConnectService$"), "MODULE$")
    service.start(session._jsc.sc())
    yield f"sc://localhost:{service.localPort()}"
    timeout, unit = session._jvm.scala.Option.apply(None), session._jvm.scala.Option.apply(None)
    service.stop(timeout, unit)
