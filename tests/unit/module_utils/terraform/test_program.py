"""Which program is taken, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.terraform.diagnostics import lock_of, plain, read
from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import TerraformError
from ansible_collections.gantry.platform.plugins.module_utils.terraform.program import find_program

LOCKED = """Error message: resource temporarily unavailable
Lock Info:
  ID:        340f96d9-ddae-c06a-56f8-8cf25225605b
  Path:      bucket/terraform.tfstate
  Operation: OperationTypeApply
  Who:       root@builder
  Version:   1.11.4
  Created:   2026-11-25 03:57:04.23 +0000 UTC
  Info:

Terraform acquires a state lock to protect the state from being written
"""


def program(place: Path, says: str) -> str:
    path = place / "tofu"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("Terraform v1.10.5", r"Terraform 1\.10\.5, which is too old: take 1\.11 or newer"),
        ("OpenTofu v1.9.0", r"OpenTofu 1\.9\.0, which is too old: take 1\.10 or newer"),
        ("bash 5", r"neither OpenTofu nor Terraform: it calls itself 'bash 5"),
    ],
)
def test_a_program_that_does_not_do_is_refused(tmp_path: Path, says: str, message: str) -> None:
    with pytest.raises(TerraformError, match=message):
        find_program(program(tmp_path, says))


def test_a_missing_one_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TerraformError, match="program 'tofoo' is not there: build OpenTofu with the bundle"):
        find_program("tofoo")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformError, match="this host has neither tofu nor terraform"):
        find_program("")


def test_tofu_comes_before_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    path = program(tmp_path, "OpenTofu v1.12.6")
    (tmp_path / "terraform").symlink_to(path)
    assert (find_program("").path, find_program("").version) == (Path(path), "1.12.6")


def test_the_locks_holder_is_read() -> None:
    assert lock_of(LOCKED) == {
        "id": "340f96d9-ddae-c06a-56f8-8cf25225605b",
        "path": "bucket/terraform.tfstate",
        "operation": "OperationTypeApply",
        "who": "root@builder",
        "version": "1.11.4",
        "created": "2026-11-25 03:57:04.23 +0000 UTC",
    }
    assert lock_of("no lock here") is None


def test_a_diagnostic_says_where() -> None:
    lines = [
        "not json",
        '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Bad value","detail":"It is\\nbad.",'
        '"address":"a.b","range":{"filename":"main.tf","start":{"line":7}}}}',
    ]
    assert [str(found) for found in read(lines)] == ["Bad value (a.b, main.tf:7): It is bad."]


def test_frames_and_colours_are_left_out() -> None:
    assert plain("\x1b[31m╷\x1b[0m\n│ Error: no\n│ \n│ why\n╵\n") == ["Error: no", "why"]
