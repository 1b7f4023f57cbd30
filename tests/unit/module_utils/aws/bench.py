"""What tests of AWS share: an account on moto's server, a pool as it should be, and faults."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import urllib3
from ansible_collections.gantry.platform.plugins.module_utils.aws import node_pools
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import Client, Outcome
from ansible_collections.gantry.platform.plugins.module_utils.aws.pool_model import PoolSpec
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

REGION = "eu-central-1"
ACCOUNT = "123456789012"
CLUSTER = "dev"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/node"
SPEC = PoolSpec(
    cluster=CLUSTER,
    name="spot",
    node_role=ROLE,
    subnets=("subnet-1", "subnet-2"),
    min=1,
    max=5,
    count=2,
    capacity="spot",
    instance_types=("m7i.large", "m6i.large"),
    labels={"team": "shop", "tier": "web"},
    taints=({"key": "dedicated", "value": "batch", "effect": "NoSchedule"},),
    update={"max_unavailable": 1},
    repair=True,
    tags={"owner": "platform"},
)
TIMEOUT = 60.0


@dataclass
class Fault:
    """What `times` calls of an operation, after the first `skip`, meet instead of the server's answer.

    `code` with `status`: AWS's error; `raised`: the network's. `after`: the server has carried the call out before.
    `then` is done before, behind everybody's back.
    """

    operation: str
    code: str = ""
    message: str = "no reason"
    status: int = 400
    raised: BaseException | None = None
    times: int = 1
    skip: int = 0
    after: bool = False
    body: dict[str, Any] | None = None
    then: Callable[[Aws], None] | None = None

    def answer(self, aws: Aws, request: AWSPreparedRequest) -> AWSResponse | None:
        """The answer; None for the server's own."""
        if self.then:
            self.then(aws)
        if self.after:
            aws.client._endpoint.http_session.send(request)
        if self.raised:
            raise self.raised
        if self.body is None and not self.code:
            return None
        body = json.dumps(self.body if self.body is not None else {"message": self.message}).encode()
        headers = {"x-amzn-ErrorType": self.code} if self.code else {}
        raw = urllib3.HTTPResponse(io.BytesIO(body), preload_content=False)
        return AWSResponse(request.url, self.status if self.code else 200, HTTPHeaders.from_dict(headers), raw)


@dataclass
class Aws:
    """A client of an account on moto's server."""

    client: Client
    endpoint: str
    pauses: list[float] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.client.meta.events.register_first("before-send.eks", self._send)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.meta.events.unregister("before-send.eks", self._send)

    def _send(self, event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        operation = event_name.rsplit(".", 1)[-1]
        self.calls.append(operation)
        met = None
        for fault in self.faults:
            if fault.operation == operation and fault.skip:
                fault.skip -= 1
            elif fault.operation == operation and fault.times and not met:
                met = fault
        if not met:
            return None
        met.times -= 1
        return met.answer(self, request)

    def slept(self, seconds: float) -> None:
        """Stands in for time.sleep."""
        self.pauses.append(seconds)

    def make_cluster(self, name: str = CLUSTER) -> None:
        """A cluster that pools can be of."""
        self.client.create_cluster(
            name=name,
            version="1.34",
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/cluster",
            resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]},
        )

    def present(self, check: bool = False, spec: PoolSpec = SPEC, **change: Any) -> Outcome:
        """Make the pool, with changed fields."""
        return node_pools.present(self.client, replace(spec, **change), check, TIMEOUT)

    def absent(self, check: bool = False, name: str = SPEC.name) -> Outcome:
        """Remove the pool."""
        return node_pools.absent(self.client, CLUSTER, name, check, TIMEOUT)

    def pool(self, name: str = SPEC.name) -> dict[str, Any]:
        """The pool as the server has it; empty where there is none."""
        return node_pools.find(self.client, CLUSTER, name)

    @property
    def backend(self) -> Any:
        """The server's own record of the cluster, to change behind everybody's back."""
        from moto.eks.models import eks_backends

        return eks_backends[ACCOUNT][REGION].clusters[CLUSTER]

    def written(self, action: Callable[[], Any]) -> list[str]:
        """Which operations that change something an action asked for."""
        self.calls.clear()
        action()
        return [call for call in self.calls if not call.startswith(("Describe", "List"))]
