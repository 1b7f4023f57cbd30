"""A service that runs alone has its stores beside it, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
import os, signal, sys, time
import psycopg
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(connection.execute("select 40 + 2").fetchone()[0], os.environ["NATS_URL"], flush=True)
time.sleep(60)
"""


def test_stores_run_with_it_and_end_with_it(tmp_path: Path) -> None:
    (tmp_path / "thing.py").write_text(MODULE)
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[1]}", "NATS_URL": "nats://elsewhere:1"}
    environ.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "shopkit.testing.alone", "thing", "postgres", "nats"]
    with subprocess.Popen(
        command, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert said == "42 nats://elsewhere:1\n"  # what the environment names is not started
    assert process.returncode == 7
    [line] = [line for line in told.splitlines() if line.startswith("postgres: ")]
    port = line.rpartition(":")[2].partition("/")[0]
    listening = Path("/proc/net/tcp").read_text()
    assert f":{int(port):04X} 00000000:0000 0A" not in listening


def test_a_store_that_is_none_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "shopkit.testing.alone", "thing", "mysql"]
    assert (
        subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}, check=False
        ).returncode
        == 2
    )
    assert "invalid choice: 'mysql'" in capfd.readouterr().err
