"""A root module of nothing but Terraform's own `terraform_data`, driven by a real program: no provider is fetched."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.terraform.cycle import Outcome, Request, drive
from ansible_collections.gantry.platform.plugins.module_utils.terraform.program import Root, find_program

CONFIGURATION = """
terraform {
  backend "local" {}
}
variable "count_of" {
  type    = number
  default = 1
}
variable "release" {
  type    = string
  default = "/"
}
variable "secret" {
  type      = string
  sensitive = true
  default   = "hunter2-and-more"
}
resource "terraform_data" "node" {
  count = var.count_of
  input = "node ${count.index}"
  provisioner "local-exec" {
    command = "until [ -e ${var.release} ]; do sleep 0.05; done"
  }
}
resource "terraform_data" "vault" {
  input = var.secret
}
output "nodes" {
  value = terraform_data.node[*].output
}
output "secret" {
  value     = var.secret
  sensitive = true
}
"""
BUILT = Path.home() / ".cache/gantry/bundle/go/opentofu"


def programs() -> list[str]:
    """Each that is there: the bundle's OpenTofu, and the host's Terraform."""
    built = sorted(BUILT.glob("*/tofu"), key=lambda path: path.stat().st_mtime)[-1:]
    return [*map(str, built), *filter(None, [shutil.which("terraform")])]


@dataclass
class Bench:
    """The root in a directory of its own, its state beside it."""

    root: Root
    state: Path

    def drive(self, state: str = "present", *, check: bool = False, **other: Any) -> Outcome:
        return drive(self.root, self.request(state, **other), check)

    def request(self, state: str = "present", **other: Any) -> Request:
        return Request(environment="bench", state=state, backend={"path": str(self.state)}, **other)

    def written(self) -> dict[str, Any]:
        """The state, empty where there is none."""
        found: dict[str, Any] = self.root.json("state pull")
        return found

    def addresses(self) -> list[str]:
        return sorted(
            f"{resource['type']}.{resource['name']}{instance.get('index_key', '')}"
            for resource in self.written().get("resources", [])
            for instance in resource["instances"]
        )

    def in_background(self, release: Path) -> threading.Thread:
        """An apply that has begun and holds the lock when this returns, and ends once there is a file `release`."""
        thread = threading.Thread(target=lambda: self.drive(variables={"release": str(release)}))
        thread.start()
        log = self.root.data_directory / "apply.log"
        self.wait_for(lambda: log.exists() and "node[0]: Creating..." in log.read_text())
        return thread

    @staticmethod
    def wait_for(holds: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "not in time"
            time.sleep(0.02)

    def other(self) -> Bench:
        """Somebody else at the same root and state, with a data directory of their own."""
        return replace(self, root=replace(self.root, data_directory=self.root.data_directory.with_name("other")))


@pytest.fixture(params=programs() or [""])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if not request.param:
        pytest.skip("neither tofu nor terraform is here: build the bundle's set terraform")
    directory = tmp_path / "root"
    directory.mkdir()
    (directory / "main.tf").write_text(CONFIGURATION)
    empty = tmp_path / "cli.tfrc"
    empty.write_text("")
    root = Root(find_program(request.param), directory, tmp_path / "data", empty)
    return Bench(root, tmp_path / "state" / "terraform.tfstate")
