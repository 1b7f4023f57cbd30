"""Images of the bundle in a registry of somebody else's: Debian's docker-registry, with TLS and a password."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from ssl import create_default_context
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode
from ansible_collections.gantry.platform.plugins.modules import registry_push

from tests.integration.api_server import Authority, free_ports

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gantry/bundle"
NAMES = {"pause": "registry.k8s.io/pause:1", "busybox": "docker.io/library/busybox:1"}
SEND, LOOK = Mode(check=False, diff=False), Mode(check=True, diff=False)


@pytest.fixture(scope="module")
def images(bundled: dict[str, Path]) -> dict[str, dict[str, str]]:
    """Two small images of the bundle."""
    found = {}
    for name, reference in NAMES.items():  # beside each layout lies that of its signature
        index = max(CACHE.glob(f"image/{name}/????????????????????/index.json"), key=lambda path: path.stat().st_mtime)
        digest = json.loads(index.read_text())["manifests"][0]["digest"]
        found[reference] = {"digest": digest, "layout": str(index.parent)}
    return found


@dataclass
class Elsewhere:
    """A registry of somebody else's."""

    address: str
    directory: Path

    def digest(self, repository: str, tag: str) -> str:
        """What it answers itself."""
        context = create_default_context(cafile=str(self.directory / "ca.pem"))
        connection = HTTPSConnection(self.address, context=context, timeout=5)
        login = base64.b64encode(b"robot:s3cret-of-the-robot").decode()
        headers = {"Accept": "application/vnd.oci.image.manifest.v1+json", "Authorization": f"Basic {login}"}
        connection.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers=headers)
        answer = connection.getresponse()
        return answer.getheader("Docker-Content-Digest") or str(answer.status)


@pytest.fixture
def elsewhere(bundled: dict[str, Path], tmp_path: Path) -> Iterator[Elsewhere]:
    if not shutil.which("skopeo"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "skopeo"]):
            subprocess.run(["apt-get", "--quiet=2", *command], env=environment, check=True)
    binary = max(CACHE.glob("deb/docker-registry/*/**/usr/bin/docker-registry"), key=lambda path: path.stat().st_mtime)
    certificate, key = Authority(tmp_path).issue("localhost")
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates/ca.crt").write_bytes((tmp_path / "ca.pem").read_bytes())
    # The registry takes bcrypt alone, which Python's library does not have, and the C library's crypt(3) does.
    hashed = ["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", "s3cret-of-the-robot", "$2y$04$" + "a" * 22]
    password = subprocess.run(hashed, capture_output=True, text=True, check=True).stdout
    (tmp_path / "passwords").write_text(f"robot:{password}\n")
    [port] = free_ports(1)
    configuration = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "storage")}},
        "http": {"addr": f"127.0.0.1:{port}", "tls": {"certificate": str(certificate), "key": str(key)}},
        "auth": {"htpasswd": {"realm": "elsewhere", "path": str(tmp_path / "passwords")}},
    }
    (tmp_path / "config.yml").write_text(yaml.safe_dump(configuration))
    login = base64.b64encode(b"robot:s3cret-of-the-robot").decode()
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {f"localhost:{port}": {"auth": login}}}))
    found = Elsewhere(f"localhost:{port}", tmp_path)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([str(binary), "serve", str(tmp_path / "config.yml")], stdout=log, stderr=log)
    try:
        for _ in range(100):
            try:
                found.digest("none", "1")
                break
            except OSError:
                time.sleep(0.1)
        yield found
    finally:
        process.kill()
        process.wait()


def push(elsewhere: Elsewhere, images: dict[str, Any], mode: Mode = SEND, **more: Any) -> dict[str, Any]:
    given = {
        "address": elsewhere.address,
        "images": images,
        "authfile": str(elsewhere.directory / "auth.json"),
        "certificates": str(elsewhere.directory / "certificates"),
        "plain_http": False,
        "program": "skopeo",
        **more,
    }
    return registry_push.call(given, mode)


def test_what_is_missing_is_sent_with_its_digest(elsewhere: Elsewhere, images: dict[str, dict[str, str]]) -> None:
    one = dict(list(images.items())[:1])
    assert push(elsewhere, images, LOOK) == {"changed": True, "pushed": list(images)}
    assert push(elsewhere, one)["pushed"] == list(one)
    assert push(elsewhere, images)["pushed"] == [name for name in images if name not in one]
    for reference, image in images.items():
        repository, _, tag = reference.rpartition(":")
        assert elsewhere.digest(repository, tag) == image["digest"]
    assert push(elsewhere, images) == {"changed": False, "pushed": []}


def test_what_stands_in_the_way_is_told(elsewhere: Elsewhere, images: dict[str, dict[str, str]]) -> None:
    (elsewhere.directory / "nobody.json").write_text("{}")
    told = push(elsewhere, images, authfile=str(elsewhere.directory / "nobody.json"))
    assert told["failed"]
    assert f"skopeo login --authfile {elsewhere.directory}/nobody.json {elsewhere.address}" in told["msg"]
    told = push(elsewhere, images, certificates=None)
    assert "x509" in told["msg"]
    told = push(elsewhere, images, address="localhost:9")
    assert "could not be asked for at localhost:9" in told["msg"]
    told = push(elsewhere, images, program="/nowhere/skopeo")
    assert told["msg"] == "/nowhere/skopeo is not there: install the package skopeo"
    for said in (told, push(elsewhere, images, authfile=str(elsewhere.directory / "nobody.json"))):
        assert "s3cret" not in json.dumps(said)
