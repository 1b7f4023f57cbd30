"""Remembers every object of a cluster, or fails if there are others than then.

Usage: objects.py remember KUBECONFIG FILE | objects.py compare KUBECONFIG FILE
Objects are known by kind, namespace and name. Left aside are those that another one owns, and those that Kubernetes and
the network's agents make as they go.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "collections"))

from ansible_collections.gantry.platform.plugins.module_utils.release.client import METADATA_LIST, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind, discover
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load

PASSING = {
    "CertificateSigningRequest.certificates.k8s.io",
    "CiliumIdentity.cilium.io",
    "ComponentStatus",
    "Event",
    "Event.events.k8s.io",
    "IPAddress.networking.k8s.io",
    "Lease.coordination.k8s.io",
    "NodeMetrics.metrics.k8s.io",
    "PodMetrics.metrics.k8s.io",
}
EXPIRING = ("Secret kube-system/bootstrap-token-",)
"""Beginnings of lines of objects that go by themselves."""
SECONDS = 60
"""How long Kubernetes is given to clear away what belonged to a removed object, such as its volume."""


def objects(client: Client) -> list[str]:
    """All objects as ``kind namespace/name``, sorted."""

    def of(kind: Kind) -> Iterator[str]:
        try:
            found = client.get(kind.path(), accept=METADATA_LIST)
        except ApiError as error:
            if error.status in (404, 405):  # a kind that can only be asked, such as a review
                return
            raise
        for item in found.get("items") or []:
            metadata = item["metadata"]
            if not metadata.get("ownerReferences"):
                yield f"{kind.group_kind} {metadata.get('namespace', '')}/{metadata['name']}"

    kinds = [kind for kind in discover(client).kinds() if kind.group_kind not in PASSING]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return sorted(
            {
                line
                for lines in pool.map(lambda kind: list(of(kind)), kinds)
                for line in lines
                if not line.startswith(EXPIRING)
            }
        )


def difference(before: list[str], after: list[str]) -> list[str]:
    """What came and what went, one line each."""
    came, went = set(after) - set(before), set(before) - set(after)
    return [f"left:    {line}" for line in sorted(came)] + [f"missing: {line}" for line in sorted(went)]


def main(verb: str, kubeconfig: str, file: Path) -> int:
    """Do what verb says; return the exit status."""
    client = Client(load(kubeconfig, None))
    if verb == "remember":
        file.write_text(json.dumps(objects(client)), encoding="utf-8")
        return 0
    before, deadline = json.loads(file.read_text(encoding="utf-8")), time.monotonic() + SECONDS
    while (lines := difference(before, objects(client))) and time.monotonic() < deadline:
        time.sleep(1)
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
