#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_release
short_description: Apply a set of Kubernetes objects as one release
version_added: 0.1.0
description:
  - Applies all objects of a release by server-side apply, in one process and in parallel, and waits until they are
    ready.
  - An object whose live state is what is stated, and whose stated fields are all owned by O(field_manager), costs no
    request of its own.
  - "Objects are applied in waves: namespaces and CRDs first (until they are established), then configuration, accounts,
    roles and services, then all others, and webhook configurations once the services that answer them have endpoints.
    The annotation C(platform.gantry.dev/wave), an integer, puts an object into a later wave, which begins when the
    earlier ones are ready."
  - Members carry the ApplySet label of KEP-3659. Their parent is a cluster-scoped C(Release) of group
    C(platform.gantry.dev), whose CRD the module makes.
  - "The wait is by watch, and ends as soon as it is in vain: an image that cannot be pulled, a crash loop, a failed
    job, a pod that cannot be scheduled, pods that a quota or a policy refuses. The message tells the pod's last events
    and log lines."
  - Where the task's host is the controller itself, it runs within Ansible's own worker; with C(become), C(environment)
    or C(async), and on any other host, as a process of its own.
options:
  name:
    description: Name of the release, unique in its O(namespace).
    type: str
    required: true
  namespace:
    description:
      - Namespace of objects that name none. The release may have objects in others too.
      - It is part of the release's identity. The namespace itself is only made if it is among the objects.
    type: str
    default: ""
  objects:
    description:
      - Kubernetes objects. Lists (such as C(kind=List)) are unfolded. A secret's C(stringData) is applied as C(data).
      - A field that is null counts as not stated in Kubernetes' own kinds.
    type: list
    elements: dict
    default: []
  manifests:
    description:
      - More objects, as YAML or JSON. Each entry is the path of a file or of a directory (its C(.yaml), C(.yml) and
        C(.json) files) where the module runs, or the text itself (anything of more than one line).
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) applies the objects.
      - V(absent) deletes the release's members, in reverse order, and its parent. It needs no objects.
    type: str
    choices: [present, absent]
    default: present
  prune:
    description: Whether members that are no longer among the objects are deleted, after the others are ready.
    type: bool
    default: false
  delete_data:
    description:
      - Whether namespaces, CRDs and persistent volume claims that left the release, or whose release becomes V(absent),
        are deleted with all that is in them.
      - Without it they are reported as C(kept).
    type: bool
    default: false
  successor:
    description:
      - Field manager that takes over what would be deleted, by O(prune) or by V(absent).
      - Argo CD's is C(argocd-controller).
      - An object then stays as it is, but no longer belongs to the release, and its fields are the successor's.
      - Without it, objects are deleted.
    type: str
    default: ""
  predecessor:
    description:
      - Field manager whose objects the release takes over, the way back from O(successor).
      - What it had applied is the release's then. Fields that the release does not state go, and nothing conflicts.
      - See that it no longer applies them, or both will.
    type: str
    default: ""
  drift:
    description:
      - Whether to look for what others have changed, and return it as RV(drift); best in check mode.
      - Outside of check mode it is mended. Stated fields are forced, and what people added by hand to the release's
        objects goes.
    type: bool
    default: false
    version_added: 0.1.0
  wait:
    description:
      - Whether to wait until the objects are ready (V(present)), or gone (V(absent) and O(prune)).
      - What a later wave stands on is waited for in any case.
    type: bool
    default: true
  wait_timeout:
    description: Seconds after which a wait is given up.
    type: int
    default: 300
  wait_conditions:
    description:
      - What makes objects of a kind ready, where the module does not know or where it should be something else.
      - "Known are: workloads, pods, jobs, namespaces, CRDs, API services, certificates of cert-manager, and webhook
        configurations (a CA is written). Objects of other kinds are ready at once."
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: The kind, or the kind with its group, for instance C(Certificate.cert-manager.io).
        type: str
        required: true
      type:
        description: Type of a status condition.
        type: str
      path:
        description: Dotted path of a field, for instance V(status.phase). Give it or O(wait_conditions[].type).
        type: str
      value:
        description: The status of the condition, or value of the field, that is awaited.
        type: str
        default: "True"
  unschedulable_grace:
    description:
      - Seconds for which a pod may be unschedulable while all nodes are ready, before the wait ends.
      - Where a node pool may grow, give it the time that takes.
    type: int
    default: 8
  restarts_tolerated:
    description: Restarts of a container that are tolerated before its crash loop ends the wait.
    type: int
    default: 1
  force_conflicts:
    description:
      - Whether fields that another field manager owns, and objects that another release holds, are taken over.
      - Otherwise they are an error.
    type: bool
    default: false
  field_manager:
    description: The field manager's name. Keep it the same from run to run.
    type: str
    default: k8s_release
  policies:
    description:
      - Policies by which all objects are judged before the first of them is applied, as M(gantry.platform.policies)
        returns them. Breaches of those that deny end the release; of others, it warns.
      - A release that changes nothing is not judged anew.
    type: list
    elements: dict
    default: []
    version_added: 0.1.0
  gator:
    description: Path of C(gator), which judges. Needed with O(policies).
    type: path
    version_added: 0.1.0
  concurrency:
    description: How many requests are under way at once.
    type: int
    default: 16
extends_documentation_fragment:
  - gantry.platform.kubernetes
requirements:
  - Kubernetes >= 1.30 on the server.
  - PyYAML on the host where the module runs.
attributes:
  check_mode:
    support: full
    description: Every change is sent to the server as a dry run, so that its admission is asked too.
  diff_mode:
    support: full
    description: Shows changed objects before and after, with values of secrets veiled.
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Apply the shop
  gantry.platform.k8s_release:
    name: shop
    namespace: shop
    objects: "{{ lookup('ansible.builtin.template', 'shop.yaml.j2') | from_yaml_all }}"
    prune: true

- name: Install a chart that was rendered before, CRDs included
  gantry.platform.k8s_release:
    name: gatekeeper
    namespace: gatekeeper-system
    manifests:
      - /var/tmp/gatekeeper/crds
      - "{{ rendered.stdout }}"
    wait_timeout: 120

- name: Wait until constraint templates are compiled
  gantry.platform.k8s_release:
    name: policies
    objects: "{{ policies }}"
    wait_conditions:
      - kind: ConstraintTemplate
        path: status.created
        value: "true"

- name: Remove the shop, keeping its namespace and its data
  gantry.platform.k8s_release:
    name: shop
    namespace: shop
    state: absent
"""

RETURN = r"""
objects:
  description: What became of each object, in the order of applying. On failure, of each that was come to.
  returned: always
  type: list
  elements: dict
  sample:
    - {api_version: v1, kind: ConfigMap, namespace: shop, name: settings, result: configured}
    - {api_version: apps/v1, kind: Deployment, namespace: shop, name: catalog, result: unchanged}
  contains:
    api_version:
      description: The object's API version.
      type: str
      returned: always
      sample: apps/v1
    kind:
      description: The object's kind.
      type: str
      returned: always
      sample: Deployment
    namespace:
      description: The object's namespace, empty for a cluster-scoped one.
      type: str
      returned: always
      sample: shop
    name:
      description: The object's name.
      type: str
      returned: always
      sample: catalog
    result:
      description:
        - V(created), V(configured), V(unchanged) or V(pruned); with O(state=absent) V(deleted).
        - V(released) with O(successor).
        - V(kept) is something with data that left the release; V(failed) was refused.
      type: str
      returned: always
      sample: configured
    error:
      description: Why it was refused.
      type: str
      returned: when it was
      sample: conflicts with another field manager
counts:
  description: How many objects had each result.
  returned: always
  type: dict
  sample: {configured: 1, unchanged: 41}
seconds:
  description: Seconds spent in each phase.
  returned: always
  type: dict
  sample: {discover: 0.012, list: 0.034, apply: 0.021, wait: 3.214, prune: 0.0}
drift:
  description:
    - How the release's objects differed from what is stated. C(what) is C(missing), C(changed) or C(left).
    - Of changed ones each field, the field manager that owns it, and since when. Both are empty where nobody does, as
      of a field that was removed.
  returned: with O(drift=true)
  type: list
  elements: dict
  sample:
    - release: shop.shop
      what: changed
      kind: Deployment
      namespace: shop
      name: catalog
      fields: [{path: spec.replicas, by: kubectl-edit, at: "2026-01-01T00:00:00Z"}]
release:
  description: Name of the release's parent object.
  returned: always
  type: str
  sample: shop.shop
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.release.arguments import ARGUMENTS
from ansible_collections.gantry.platform.plugins.module_utils.release.call import call
from ansible_collections.gantry.platform.plugins.module_utils.results import run

SPEC: dict[str, Any] = {"argument_spec": ARGUMENTS}


class ReleaseModule(AnsibleModule):  # type: ignore[misc]
    """A module that does not write its objects, among them secrets, to the system's log."""

    def log(self, msg: str, log_args: dict[str, str] | None = None) -> None:
        """Log a message; of the invocation only which release it is about."""
        if log_args:
            log_args = {key: log_args[key] for key in ("name", "namespace", "state")}
            msg = "Invoked with " + " ".join(f"{key}={value}" for key, value in log_args.items())
        super().log(msg, log_args)


def main() -> None:
    """Run the module; on the controller itself the action plugin of the same name does, without a process."""
    module = ReleaseModule(**SPEC, supports_check_mode=True)
    run(module, call)


if __name__ == "__main__":
    main()
