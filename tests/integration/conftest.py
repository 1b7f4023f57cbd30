"""Fixtures of the integration tests: a real API server for the session, a namespace for each test."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.modules import k8s_release

from tests.integration.api_server import ApiServer, MissingBinaryError, binaries, running

Object = dict[str, Any]
NUMBERS = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here need the bundle's API server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def bundled() -> dict[str, Path]:
    """The bundle's binaries; without them these tests are skipped, unless they are required (as ``tests/run`` does)."""
    try:
        return binaries()
    except MissingBinaryError as error:
        if os.environ.get("GANTRY_REQUIRE_BUNDLE"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def api_server(bundled: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server on a real etcd, for the whole session."""
    with running(tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture
def own_api_server(bundled: dict[str, Path], tmp_path: Path) -> Iterator[ApiServer]:
    """An API server for one test that ends it."""
    with running(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def controlled(api_server: ApiServer) -> ApiServer:
    """The API server with Kubernetes' controllers and scheduler."""
    api_server.start_controllers()
    return api_server


@pytest.fixture(scope="session")
def client(api_server: ApiServer) -> Client:
    """The administrator's client, for what the tests look at and do behind the module's back."""
    return Client(load(str(api_server.kubeconfig), None))


@pytest.fixture
def namespace(client: Client) -> str:
    """A new namespace."""
    name = f"test-{next(NUMBERS)}"
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    return name


class ModuleEnd(BaseException):
    """The module has ended."""


@dataclass
class Releases:
    """Calls the module ``k8s_release``, each call as a run of its own."""

    kubeconfig: Path
    namespace: str
    name: str = "demo"

    def __call__(self, objects: list[Object] | None = None, **parameters: Any) -> Object:
        """Run the module, which must succeed."""
        result = self.run(objects, **parameters)
        assert not result.get("failed"), result["msg"]
        return result

    def check(self, objects: list[Object] | None = None, **parameters: Any) -> Object:
        """Run the module in check mode with diff, which must succeed."""
        return self(objects, _ansible_check_mode=True, _ansible_diff=True, **parameters)

    def fails(self, objects: list[Object] | None = None, **parameters: Any) -> Object:
        """Run the module, which must fail."""
        result = self.run(objects, **parameters)
        assert result.get("failed"), f"it did not fail: {result['counts']}"
        return result

    def arguments(self, objects: list[Object] | None = None, **parameters: Any) -> Object:
        """The module's parameters."""
        own = {"name": self.name, "namespace": self.namespace, "kubeconfig": str(self.kubeconfig)}
        return {**own, **({"objects": objects} if objects is not None else {}), **parameters}

    def run(self, objects: list[Object] | None = None, **parameters: Any) -> Object:
        """Run the module and return its result."""
        results: list[Object] = []

        class Module(k8s_release.ReleaseModule):
            def _return_formatted(self, kwargs: Object) -> None:
                results.append(json.loads(json.dumps(kwargs)))

            def fail_json(self, msg: str, **kwargs: Any) -> None:
                self._return_formatted({"failed": True, "msg": msg, **kwargs})
                raise ModuleEnd

            def exit_json(self, **kwargs: Any) -> None:
                self._return_formatted(kwargs)
                raise ModuleEnd

            def log(self, msg: str, log_args: dict[str, str] | None = None) -> None:
                return

        with patch_module_args(self.arguments(objects, **parameters)), pytest.MonkeyPatch.context() as patch:
            patch.setattr(k8s_release, "ReleaseModule", Module)
            with pytest.raises(ModuleEnd):
                k8s_release.main()
        return results[-1]


@pytest.fixture
def release(api_server: ApiServer, namespace: str) -> Releases:
    """Calls the module on the API server, with the test's namespace."""
    return Releases(api_server.kubeconfig, namespace)


Results = Callable[[Object], dict[str, str]]


@pytest.fixture
def results() -> Results:
    """Reads a result as ``{"ConfigMap one": "created", …}``, without the parent."""

    def read(result: Object) -> dict[str, str]:
        return {f"{one['kind']} {one['name']}": one["result"] for one in result["objects"] if one["kind"] != "Release"}

    return read


@pytest.fixture
def exists(client: Client) -> Callable[[str], bool]:
    """Whether there is an object at a path."""

    def look(path: str) -> bool:
        return client.find(path) is not None

    return look


def config_map(name: str, **data: str) -> Object:
    """A config map."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"key": "value"}}
