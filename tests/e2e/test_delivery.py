"""Delivery from git: changes by hand are put back, what is pushed is live, and nothing that people pushed is lost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import tree_files
from ansible_collections.gantry.platform.plugins.module_utils.delivery.seed import Remote, seed

from tests.e2e.conftest import ENVIRONMENT, PLATFORM, STATE, address, drill, get, kubectl, objects, wait_until

pytestmark = pytest.mark.e2e

NAMESPACE, APPLICATION = "shop", "catalog-prod"
URL = f"{address()}/git/platform.git"
SECONDS = 30
DEPLOYMENT = ("-n", NAMESPACE, "get", "deployment", "catalog", "-o")


def service_label() -> str:
    (service,) = objects("service", "catalog", f"--namespace={NAMESPACE}")
    return str(service["metadata"]["labels"]["app.kubernetes.io/part-of"])


def surge() -> str:
    return kubectl(*DEPLOYMENT, "jsonpath={.spec.strategy.rollingUpdate.maxSurge}")


def settled() -> bool:
    """Whether the application is as git has it, and healthy."""
    (application,) = objects("application.argoproj.io", APPLICATION, "--namespace=argocd")
    status = application["status"]
    return bool(status["sync"]["status"] == "Synced" and status["health"]["status"] == "Healthy")


class Clone:
    """A working copy of the platform's repository, of somebody who may push."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        askpass = directory.parent / "askpass"
        askpass.write_text(f"#!/bin/sh\ncase $1 in U*) echo operator;; *) cat {STATE}/argocd/git-operator;; esac\n")
        askpass.chmod(0o700)
        self._environment = {**os.environ, "GIT_ASKPASS": str(askpass), "GIT_SSL_CAINFO": str(PLATFORM / "ca.crt")}
        self.git("clone", "-q", URL, str(directory), cwd=directory.parent)

    def git(self, *arguments: str, cwd: Path | None = None, code: int = 0) -> str:
        names = ["-c", "user.name=drill", "-c", "user.email=drill@example.org"]
        command = ["git", *names, *arguments]
        done = subprocess.run(
            command, cwd=cwd or self.directory, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"git {arguments[0]}: {done.stderr}"
        return (done.stdout + done.stderr).strip()

    def head(self) -> str:
        return self.git("ls-remote", URL, "refs/heads/main").split()[0]

    def commit(self, path: str, text: str, message: str) -> None:
        (self.directory / path).write_text(text)
        self.git("add", path)
        self.git("commit", "-q", "-m", message)

    def push(self) -> None:
        self.git("push", "-q", "origin", "main")


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """A clone; afterwards main says again what it said before."""
    copy = Clone(tmp_path / "clone")
    before = copy.head()
    yield copy
    copy.git("fetch", "-q")
    copy.git("reset", "-q", "--hard", "origin/main")
    if copy.git("rev-parse", "HEAD^{tree}") != copy.git("rev-parse", f"{before}^{{tree}}"):
        copy.git("rm", "-q", "-r", ".")
        copy.git("checkout", before, "--", ".")
        copy.git("commit", "-q", "-m", "as before the drill")
        copy.push()
    wait_until(settled, 90, f"{APPLICATION} synced and healthy after the drill")


def test_a_change_by_hand_is_put_back_each_time() -> None:
    """Also where it comes again shortly after: the wait grows, but has a cap."""
    wait_until(settled, 60, f"{APPLICATION} synced and healthy")
    with drill("argocd.healed", "21", f"A change by hand is put back within {SECONDS} s, again and again") as told:
        seconds = []
        for _ in range(3):
            began = time.monotonic()
            patch = '{"spec": {"strategy": {"rollingUpdate": {"maxSurge": 2}}}}'
            kubectl("-n", NAMESPACE, "label", "service", "catalog", "app.kubernetes.io/part-of=hand", "--overwrite")
            kubectl("-n", NAMESPACE, "patch", "deployment", "catalog", "--patch", patch)
            wait_until(lambda: service_label() == "shop" and surge() == "1", SECONDS, "the declared label and strategy")
            seconds.append(time.monotonic() - began)
        told.seconds = max(seconds)
        told.evidence = f"label and strategy put back after {', '.join(f'{one:.1f}' for one in seconds)} s"


def test_a_commit_is_live(clone: Clone) -> None:
    """By the hook that tells Argo CD of a push; polling alone would take longer."""
    path = f"environments/{ENVIRONMENT}/prod/catalog/kustomization.yaml"
    overlay = yaml.safe_load((clone.directory / path).read_text())
    mark = f"drill-{int(time.time())}"
    overlay["commonAnnotations"] = {"platform.gantry.dev/drill": mark}

    def live() -> bool:
        (found,) = objects("serviceaccount", "catalog", f"--namespace={NAMESPACE}")
        return (found["metadata"].get("annotations") or {}).get("platform.gantry.dev/drill") == mark

    with drill("argocd.live", "21", f"A commit pushed over HTTPS is live within {SECONDS} s") as told:
        clone.commit(path, yaml.safe_dump(overlay), "drill: an annotation")
        clone.push()
        began = time.monotonic()
        wait_until(live, SECONDS, f"annotation {mark}")
        told.seconds = time.monotonic() - began
        told.evidence = f"{clone.head()[:12]} live {told.seconds:.1f} s after the push"


def test_history_is_only_added_to(clone: Clone) -> None:
    """Neither a forced push nor a push without a password."""
    head = clone.head()
    clone.git("commit", "-q", "--amend", "-m", "rewritten")
    assert "non-fast-forward" in clone.git("push", "--force", "origin", "main", code=1)
    assert clone.head() == head
    assert get("/git/platform.git/info/refs?service=git-receive-pack").status == 401


def test_divergence_is_told_and_nothing_is_overwritten(clone: Clone) -> None:
    """People and the platform both change main: both heads are named, and main stays as people have it."""
    password = (STATE / "argocd/git-operator").read_text().strip()
    remote = Remote(URL, "operator", password, str(PLATFORM / "ca.crt"))
    declared = {**tree_files(clone.directory)}
    environment = clone.directory / "environments"
    declared |= {
        str(path.relative_to(clone.directory)): path.read_bytes() for path in environment.rglob("*") if path.is_file()
    }
    with drill("argocd.divergence", "21", "What people pushed is never overwritten; both heads are told") as told:
        clone.commit("NOTES.md", "What an operator notes.\n", "drill: a note by hand")
        clone.push()
        head = clone.head()
        outcome = seed(
            remote, {**declared, "DRILL.md": b"What the platform changes.\n"}, "drill: the platform's change"
        )
        assert outcome.diverged
        assert clone.head() == head
        assert head in outcome.message
        assert outcome.own in outcome.message
        told.evidence = outcome.message
        # People merge, and afterwards nothing has parted.
        clone.git("fetch", "-q")
        clone.git("merge", "-q", "-m", "drill: merged", "origin/platform")
        clone.push()
        again = seed(remote, {**declared, "DRILL.md": b"What the platform changes.\n"}, "drill", check=True)
        assert not again.diverged
    # The platform's own branch says again what the project declares.
    seed(remote, declared, "drill: as before")
