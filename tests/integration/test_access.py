"""Ways to be known to the API server: certificates as files and inline, tokens, credential plugins."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, Releases, config_map

User = Callable[[ApiServer, Path], Object]


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def inline(server: ApiServer, _: Path) -> Object:
    directory = server.directory
    return {
        "client-certificate-data": _encoded(directory / "administrator.pem"),
        "client-key-data": _encoded(directory / "administrator.key"),
    }


def _token(server: ApiServer) -> str:
    if not server.kubectl("get", "serviceaccount", "robot", "-n", "default", "--ignore-not-found"):
        server.kubectl("create", "serviceaccount", "robot", "-n", "default")
        server.kubectl(
            "create", "clusterrolebinding", "robot", "--clusterrole=cluster-admin", "--serviceaccount=default:robot"
        )
    return server.kubectl("create", "token", "robot", "-n", "default").strip()


def token(server: ApiServer, _: Path) -> Object:
    return {"token": _token(server)}


def token_file(server: ApiServer, directory: Path) -> Object:
    (directory / "token").write_text(_token(server) + "\n")
    return {"tokenFile": "token"}


def plugin(server: ApiServer, directory: Path) -> Object:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": _token(server)},
    }
    script = directory / "get-token"
    script.write_text(
        f'#!/bin/sh\ntest "$REGION" = north && test -n "$KUBERNETES_EXEC_INFO" && echo \'{json.dumps(credential)}\'\n'
    )
    script.chmod(0o755)
    spec = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./get-token",
        "env": [{"name": "REGION", "value": "north"}],
    }
    return {"exec": spec}


def plugin_of_certificates(server: ApiServer, directory: Path) -> Object:
    status = {
        "clientCertificateData": (server.directory / "administrator.pem").read_text(),
        "clientKeyData": (server.directory / "administrator.key").read_text(),
    }
    (directory / "credential.json").write_text(json.dumps({"kind": "ExecCredential", "status": status}))
    return {"exec": {"command": "cat", "args": [str(directory / "credential.json")]}}


def kubeconfig(server: ApiServer, directory: Path, user: Object, **cluster: Any) -> Path:
    trust = {"certificate-authority-data": _encoded(server.directory / "ca.pem")}
    config = {
        "current-context": "other",
        "clusters": [{"name": "c", "cluster": {"server": server.url, **trust, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.mark.parametrize("user", [inline, token, token_file, plugin, plugin_of_certificates])
def test_all_kinds_of_credentials(user: User, api_server: ApiServer, namespace: str, tmp_path: Path) -> None:
    release = Releases(kubeconfig(api_server, tmp_path, user(api_server, tmp_path)), namespace)
    assert release([config_map("one")], context="mine")["changed"]


def test_a_context_that_is_not_there(api_server: ApiServer, tmp_path: Path) -> None:
    release = Releases(kubeconfig(api_server, tmp_path, {}), "any")
    assert "has no context 'other'. It has: mine" in release.fails([config_map("one")])["msg"]


def test_a_server_of_another_authority_is_not_trusted(api_server: ApiServer, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    stranger = ApiServer(other)
    path = kubeconfig(
        api_server,
        tmp_path,
        inline(api_server, tmp_path),
        **{"certificate-authority-data": _encoded(stranger.directory / "ca.pem")},
    )
    message = Releases(path, "any").fails([config_map("one")], context="mine")["msg"]
    assert "is not trusted by the kubeconfig's CA" in message


def test_another_name_on_the_certificate(api_server: ApiServer, namespace: str, tmp_path: Path) -> None:
    path = kubeconfig(api_server, tmp_path, inline(api_server, tmp_path), **{"tls-server-name": "localhost"})
    assert Releases(path, namespace)([config_map("one")], context="mine")["changed"]
    path = kubeconfig(api_server, tmp_path, inline(api_server, tmp_path), **{"tls-server-name": "elsewhere"})
    assert "not trusted" in Releases(path, namespace).fails([config_map("one")], context="mine")["msg"]


def test_credentials_that_are_not_accepted(api_server: ApiServer, tmp_path: Path) -> None:
    release = Releases(kubeconfig(api_server, tmp_path, {"token": "old"}), "any")
    assert "does not accept the credentials" in release.fails([config_map("one")], context="mine")["msg"]


def test_a_plugin_that_fails(api_server: ApiServer, tmp_path: Path) -> None:
    release = Releases(kubeconfig(api_server, tmp_path, {"exec": {"command": "false"}}), "any")
    assert "credential plugin 'false'" in release.fails([config_map("one")], context="mine")["msg"]
    spec = {"command": "no-such-plugin", "installHint": "Install the tool of your cloud"}
    release = Releases(kubeconfig(api_server, tmp_path, {"exec": spec}), "any")
    assert (
        "is not installed. Install the tool of your cloud" in release.fails([config_map("one")], context="mine")["msg"]
    )
