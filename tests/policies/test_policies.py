"""The policies by themselves: Rego's own tests by ``opa test``, samples by ``gator verify``. No cluster needed.

The Rego of a policy stands in its ``template.yaml`` alone, as it is applied; here it is laid beside its
``policy_test.rego`` in a temporary directory.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
POLICIES = ROOT / "policies"
NAMES = sorted(path.parent.name for path in POLICIES.glob("*/template.yaml"))


def binary(name: str) -> str:
    """Path of a binary that the bundle built (of any environment here), else of one on the PATH."""
    for manifest in sorted((ROOT / ".platform").glob("*/bundle.json")):
        path = json.loads(manifest.read_text())["binaries"].get(name)
        if path and Path(path).exists():
            return str(path)
    if found := shutil.which(name):
        return found
    pytest.fail(f"{name} is missing: build it with the bundle (playbooks/bundle.yml) or put it on the PATH")


def run(*command: str) -> str:
    """Output of a command; its failure fails the test with that output."""
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "HOME": "/nonexistent"}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def load(name: str, file: str) -> dict[str, Any]:
    """One document of a policy's folder."""
    return dict(yaml.safe_load((POLICIES / name / file).read_text()))


def rego(name: str) -> str:
    """The Rego of a policy."""
    (code,) = load(name, "template.yaml")["spec"]["targets"][0]["code"]
    assert code["engine"] == "Rego"
    assert code["source"]["version"] == "v1"
    return str(code["source"]["rego"])


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each policy's Rego beside its tests, as files for opa."""
    directory = tmp_path_factory.mktemp("rego")
    for name in NAMES:
        (directory / f"{name}.rego").write_text(rego(name))
        shutil.copy(POLICIES / name / "policy_test.rego", directory / f"{name}_test.rego")
    return directory


def test_the_engine_of_the_tests_is_that_of_gatekeeper() -> None:
    locks = [(ROOT / "bundle/go" / name / "go.mod").read_text() for name in ("opa", "gatekeeper")]
    assert len({re.search(r"open-policy-agent/opa (v\S+)", lock)[1] for lock in locks}) == 1  # type: ignore[index]


def test_there_are_nine() -> None:
    assert len(NAMES) == 9


def test_rego_is_strict_and_formatted(sources: Path) -> None:
    run(binary("opa"), "check", "--strict", str(sources))
    assert run(binary("opa"), "fmt", "--diff", str(sources)) == ""


@pytest.mark.parametrize("name", NAMES)
def test_rego(name: str, sources: Path) -> None:
    output = run(binary("opa"), "test", "--verbose", str(sources / f"{name}.rego"), str(sources / f"{name}_test.rego"))
    assert output.count(": PASS") >= 4, textwrap.shorten(output, 400)


def test_rego_is_covered(sources: Path) -> None:
    """Every line of every policy is run by its tests, apart from the helpers that only exceptions reach."""
    report = json.loads(run(binary("opa"), "test", "--coverage", str(sources)))
    bare = {Path(file).stem: data["coverage"] for file, data in report["files"].items() if data["coverage"] < 85}
    assert bare == {}


@pytest.mark.parametrize("name", NAMES)
def test_samples(name: str) -> None:
    output = run(binary("gator"), "verify", "--verbose", str(POLICIES / name))
    assert "--- PASS" in output


@pytest.mark.parametrize("name", NAMES)
def test_names_agree(name: str) -> None:
    template, constraint, suite = (load(name, file) for file in ("template.yaml", "constraint.yaml", "suite.yaml"))
    kind = template["spec"]["crd"]["spec"]["names"]["kind"]
    assert kind == "Gantry" + "".join(word.title() for word in name.split("-"))
    assert template["metadata"]["name"] == kind.lower()
    assert constraint["kind"] == kind
    assert constraint["metadata"]["name"] == suite["metadata"]["name"] == name
    known = template["spec"]["crd"]["spec"]["validation"]["openAPIV3Schema"]["properties"]
    assert set(constraint["spec"]["parameters"]) == set(known)
