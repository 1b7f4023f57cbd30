"""Delivery from another git server than the platform's, with its own authority, users and passwords."""

from __future__ import annotations

import base64
import json
import os
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import CONTRACT, ENVIRONMENT, drill, objects, play, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(not CONTRACT.get("argocd_enabled"), reason="argocd_enabled is not set in this inventory"),
]
HOST = str(IPv4Network(CONTRACT["platform_networks"]["machines"])[1])
"""This host, as the machines and their pods reach it."""
BACKEND = "/usr/lib/git-core/git-http-backend"
POLL_SECONDS = 20


def git(*arguments: str, cwd: Path, **environment: str) -> str:
    """Runs git as somebody of the drill."""
    names = ["-c", "user.name=drill", "-c", "user.email=drill@example.org"]
    command = ["git", *names, *arguments]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {arguments[0]}: {done.stderr}"
    return done.stdout.strip()


class Server(ThreadingHTTPServer):
    """git's own `git-http-backend` behind TLS and basic authentication."""

    daemon_threads = True

    def __init__(self, directory: Path) -> None:
        super().__init__((HOST, 0), Handler)
        self.directory = directory
        self.passwords = {user: secrets.token_urlsafe(18) for user in ("reader", "writer")}
        self.authority = directory / "ca.crt"
        key = directory / "key.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-days", "1", "-subj", "/CN=elsewhere", "-addext", f"subjectAltName=IP:{HOST}"]
        subprocess.run([*command, "-keyout", key, "-out", self.authority], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.repository = directory / "shop.git"
        git("init", "-q", "--bare", "-b", "main", str(self.repository), cwd=directory)
        git("config", "http.receivepack", "true", cwd=self.repository)
        self.url = f"https://{HOST}:{self.server_port}/shop.git"

    def password_file(self, user: str) -> str:
        """A file with the password of a user."""
        path = self.directory / f"password-{user}"
        path.write_text(self.passwords[user])
        path.chmod(0o600)
        return str(path)


class Handler(BaseHTTPRequestHandler):
    """One request: CGI, as git-http-backend(1) describes it."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _user(self) -> str:
        kind, _, said = (self.headers.get("Authorization") or "").partition(" ")
        user, _, password = (base64.b64decode(said) if kind == "Basic" else b"").decode().partition(":")
        return user if password and self.server.passwords.get(user) == password else ""

    def _serve(self) -> None:
        body, user = self._body(), self._user()
        path, _, query = self.path.partition("?")
        if not user or ("git-receive-pack" in self.path and user != "writer"):
            self.send_response(403 if user else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="elsewhere"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.directory),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_USER": user,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run([BACKEND], input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        """Serves it."""
        self._serve()

    def do_POST(self) -> None:
        """Serves it."""
        self._serve()


@contextmanager
def serving(directory: Path) -> Iterator[Server]:
    """A git server on this host, for as long as the block runs."""
    server = Server(directory)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def applications() -> list[dict[str, Any]]:
    return objects("applications.argoproj.io", "--namespace=argocd")


def settled(url: str) -> bool:
    """Whether every application comes from there, synced and healthy."""
    return all(
        application["spec"]["source"]["repoURL"] == url
        and application["status"]["sync"]["status"] == "Synced"
        and application["status"]["health"]["status"] == "Healthy"
        for application in applications()
    )


def test_what_runs_comes_from_a_repository_elsewhere_and_back(tmp_path: Path) -> None:
    [before] = {application["spec"]["source"]["repoURL"] for application in applications()}
    with (
        serving(tmp_path) as server,
        drill("argocd.elsewhere", "21", "A repository elsewhere is filled, delivered from, and left again") as told,
    ):
        elsewhere = {
            "argocd_git_enabled": False,
            "argocd_poll_seconds": POLL_SECONDS,
            "argocd_repository_url": server.url,
            "argocd_repository_user": "reader",
            "argocd_repository_password_file": server.password_file("reader"),
            "argocd_seed_url": server.url,
            "argocd_seed_user": "writer",
            "argocd_seed_password_file": server.password_file("writer"),
            "argocd_repository_ca_file": str(server.authority),
        }
        pods = {pod["metadata"]["uid"] for pod in objects("pods", "--namespace=shop")}
        try:
            assert play("playbooks/site.yml", "-e", json.dumps(elsewhere)).code == 0
            wait_until(lambda: settled(server.url), 120, "every application is settled")
            kept = pods & {pod["metadata"]["uid"] for pod in objects("pods", "--namespace=shop")}

            clone = tmp_path / "clone"
            git("clone", "-q", str(server.repository), str(clone), cwd=tmp_path)
            overlay = clone / f"environments/{ENVIRONMENT}/prod/catalog/kustomization.yaml"
            mark = f"drill-{int(time.time())}"
            changed = yaml.safe_load(overlay.read_text())
            changed["commonAnnotations"] = {"platform.gantry.dev/drill": mark}
            overlay.write_text(yaml.safe_dump(changed))
            git("commit", "-q", "-a", "-m", "drill: an annotation", cwd=clone)
            git("push", "-q", "origin", "main", cwd=clone)
            began = time.monotonic()

            def live() -> bool:
                (found,) = objects("serviceaccount", "catalog", "--namespace=shop")
                return (found["metadata"].get("annotations") or {}).get("platform.gantry.dev/drill") == mark

            wait_until(live, 4 * POLL_SECONDS, f"annotation {mark}")
            seconds = time.monotonic() - began
        finally:
            assert play("playbooks/site.yml").code == 0
        wait_until(lambda: settled(before), 120, "every application is settled again")
        told.evidence = (
            f"{len(applications())} applications from {server.url}, {len(kept)} of {len(pods)} pods kept; a commit"
            f" there was live after {seconds:.0f} s by polling every {POLL_SECONDS} s; then back to {before}"
        )
