"""terraform/ as checkov sees it, from an environment of its own: nothing fails, and what is left out says why."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK, UV = ROOT / "requirements" / "checkov.txt", ROOT / "services" / "_lib" / "uv.txt"
pytestmark = pytest.mark.timeout(900)  # the first run for a lock installs a hundred packages
EXPOSED = """
resource "aws_eks_cluster" "this" {
  name     = "open"
  role_arn = "arn:aws:iam::123456789012:role/x"

  vpc_config {
    subnet_ids             = ["subnet-1"]
    endpoint_public_access = true
  }
}
"""


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The Python of an environment with checkov as locked; made once for each lock."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gantry" / "checkov"
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    python, done = cache / key / "bin" / "python", cache / key / "done"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(cache / key)], check=True)
        for installer, lock in ((["pip"], UV), (["uv", "pip"], LOCK)):
            install = ["install", "--quiet", "--no-deps", "--require-hashes", "-r", str(lock)]
            subprocess.run(
                [str(python), "-m", *installer, *install],
                check=True,
                env=os.environ | {"VIRTUAL_ENV": str(cache / key)},
            )
        done.touch()
    return python


def scan(python: Path, directory: Path) -> dict[str, Any]:
    """What checkov says of a directory: {results: {failed_checks, skipped_checks, …}, summary}."""
    command = [str(python), "-m", "checkov.main", "-d", str(directory), "--framework", "terraform"]
    command += ["--output", "json", "--compact", "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        pytest.fail(f"checkov ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-2000:]}")


def test_nothing_fails_and_what_is_left_out_says_why(checkov: Path) -> None:
    said = scan(checkov, ROOT / "terraform")
    failed = [f"{one['check_id']} {one['check_name']}: {one['resource']}" for one in said["results"]["failed_checks"]]
    assert failed == []
    assert said["summary"]["parsing_errors"] == 0
    assert said["summary"]["passed"] > 300
    left_out = said["results"]["skipped_checks"]
    assert len(left_out) > 10
    bare = [one["check_id"] for one in left_out if len(one["check_result"]["suppress_comment"].split()) < 3]
    assert bare == []


def test_what_is_exposed_is_told(checkov: Path, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(EXPOSED)
    failed = {one["check_id"] for one in scan(checkov, tmp_path)["results"]["failed_checks"]}
    assert {"CKV_AWS_38", "CKV_AWS_39", "CKV_AWS_58"} <= failed
