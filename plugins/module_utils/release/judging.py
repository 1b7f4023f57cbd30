# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Judges a release by policies before its first object is written. A release that changes nothing is not judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Stated
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Run


def judge(run: Run, stated: Iterable[Stated]) -> None:
    """Breaches of policies that deny end the release; of others its user is warned.

    :raises ReleaseError: All breaches at once.
    """
    settings = run.settings
    if not settings.policies:
        return
    from ansible_collections.gantry.platform.plugins.module_utils.policy import judge as policy
    from ansible_collections.gantry.platform.plugins.module_utils.policy.library import PolicyError

    objects = [one.desired for one in stated]
    try:
        found = policy.judge(Path(settings.gator), settings.policies, objects, list(_looked_up(run)))
    except PolicyError as error:
        raise ReleaseError(f"its objects cannot be judged: {error}") from error
    denied = [one for one in found if one.action == "deny"]
    if denied:
        breaches = f"{len(denied)} {'breach' if len(denied) == 1 else 'breaches'} of policy, nothing was applied"
        listed = "\n".join(f"- {one}" for one in denied)
        raise ReleaseError(f"{breaches}:\n{listed}\nMend them, or add a dated exception (role opa)")
    for one in found:
        run.client.warnings.setdefault(f"Breach of policy: {one}")


def _looked_up(run: Run) -> Iterator[dict[str, Any]]:
    """What the cluster holds of the kinds that policies look up beside the objects that they judge."""
    for item in run.settings.policies:
        for one in item["spec"]["gvks"] if item["kind"] == "SyncSet" else ():
            version = f"{one['group']}/{one['version']}" if one["group"] else one["version"]
            kind = run.catalogue.find(version, one["kind"])
            for live in run.client.get(kind.path())["items"] if kind else ():
                yield {"apiVersion": version, "kind": one["kind"], **live}
