"""The platform on a cluster that runs already: raised there, found unchanged, and taken away without a trace.

Minutes; only with ``-m slow`` (``make test-slow``), as root. Environments ``there`` (the cluster), ``exists``, ``dev``.
"""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.existing.conftest import DEV, EXISTS, came_and_went

pytestmark = pytest.mark.slow


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where moto answers for AWS."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "of-nobody")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setenv("GANTRY_TEST_MOTO", address)
    yield address
    server.stop()


def test_the_platform_comes_to_a_cluster_and_leaves_it_as_it_was(cluster: None) -> None:
    came_and_went(EXISTS, lambda: None)


def test_dev_is_provisioned_at_aws_raised_and_destroyed(cluster: None, moto: str) -> None:
    eks = boto3.session.Session().client("eks", "eu-central-1", endpoint_url=moto)

    def provisioned() -> None:
        assert eks.list_nodegroups(clusterName="gantry-dev")["nodegroups"] == ["general", "spot"]

    came_and_went(DEV, provisioned)
    assert eks.list_clusters()["clusters"] == []
