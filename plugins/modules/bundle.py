#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Builds and finds every binary and image of the platform
description:
  - Builds what the declarations under O(source) ask for and the cache lacks, and tells where everything rests.
  - What is there already is not built again nor looked at closely; a run with nothing missing needs no network.
  - Runs on the controller. From a playbook it builds artifact by artifact and shows each as it starts and ends.
options:
  state:
    description:
      - V(present) builds what is missing.
      - V(planned) builds nothing and tells what is missing.
      - V(verified) reads everything again and fails, naming every file that is not as it was built.
      - V(locked) writes the current Debian packages of the suite to C(debian.lock.yml).
    type: str
    choices: [present, planned, verified, locked]
    default: present
  source:
    description: Directory with C(artifacts.yml), C(images.yml) and the locks.
    type: path
    required: true
  project:
    description: Directory that paths of services are relative to. The parent of O(source) by default.
    type: path
  cache:
    description: The user's cache directory. Builds rest in C(bundle/) below it, Go's caches in C(build/).
    type: path
    required: true
  sets:
    description: Sets of artifacts to hold beside V(core).
    type: list
    elements: str
    default: []
  only:
    description:
      - Names of artifacts and images, C(name) or C(kind/name). By default it is about all that O(sets) ask for.
      - With V(present), V(planned) and V(verified), it is about these and what they need, of whatever set. Nothing
        older is removed then, and O(output) is written only if nothing of the rest is missing.
      - With V(locked), the artifacts whose packages are resolved anew.
    type: list
    elements: str
    default: []
  artifact:
    description: Build only this one, C(kind/name); what it needs must be there.
    type: str
  defer:
    description: If anything is missing, return it as RV(missing) and build nothing. The action plugin builds it then.
    type: bool
    default: false
  output:
    description: File that gets the outputs as JSON.
    type: path
  signing_key:
    description:
      - File of the key (PEM, P-256, without a password) that images are signed with, in cosign's format. It is made
        where there is none, and its public half beside it, C(<file>.pub). Without it nothing is signed.
      - With V(verified), every signature is held against the public half. The key itself is not needed then.
    type: path
    version_added: 0.1.0
  keep_build_caches:
    description:
      - Keep Go's build and module caches once everything is built. By default they are removed then.
      - A file named C(keep) in C(build/) keeps them too.
    type: bool
    default: false
attributes:
  check_mode:
    description: Builds nothing and tells what it would build; a missing image has an empty digest then.
    support: full
  diff_mode:
    description: Shows the artifacts that are or would be built, and changed lines of the lock.
    support: full
requirements: [cryptography, pydantic, zstandard, python-debian]
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Build what is missing
  gantry.platform.bundle:
    source: "{{ playbook_dir }}/../bundle"
    cache: ~/.cache/gantry
    output: .platform/local/bundle.json
  register: bundle

- name: Build one image, with what it needs
  gantry.platform.bundle:
    source: "{{ playbook_dir }}/../bundle"
    cache: ~/.cache/gantry
    only: [image/catalog]

- name: Is everything as it was built?
  gantry.platform.bundle:
    source: "{{ playbook_dir }}/../bundle"
    cache: ~/.cache/gantry
    state: verified
"""

RETURN = r"""
binaries:
  description: Programs by name, with their paths.
  returned: success
  type: dict
  sample: {kubeadm: /root/.cache/gantry/bundle/go/kubernetes/f678ab1386b4ced02546/kubeadm}
files:
  description: Files and directories by name, with their paths.
  returned: success
  type: dict
  sample: {cilium-chart: /root/.cache/gantry/bundle/files/cilium-chart/0c24fe4eb8e60d8632d7}
rootfs:
  description: Systems that machines are cloned from, with their paths.
  returned: success
  type: dict
  sample: {machine: /root/.cache/gantry/bundle/rootfs/machine/222568623895af65eb50}
images:
  description: Images by reference, with the digest of their manifest and the path of their layout.
  returned: success
  type: dict
  sample:
    "registry.k8s.io/etcd:3.7.0-0":
      digest: sha256:be33ec279a338a782712cd4a0b22a584e9332ad01fc540782013ff7c2ce7ec41
      layout: /root/.cache/gantry/bundle/image/etcd/2aab401e6b8e6ef2747c
signatures:
  description: Signatures of images by their own reference, in the same form.
  returned: success
  type: dict
  sample:
    "registry.k8s.io/etcd:sha256-be33ec279a338a782712cd4a0b22a584e9332ad01fc540782013ff7c2ce7ec41.sig":
      digest: sha256:0d6ac5c2f94b7d601a8de5c2f94b7d601a8de5c2f94b7d601a8de5c2f94b7d60
      layout: /root/.cache/gantry/bundle/image/etcd/2aab401e6b8e6ef2747c.sig
signed:
  description: Images that were (in check mode, would be) signed by this run.
  returned: with O(signing_key) and O(state=present), once nothing is missing
  type: list
  elements: str
  sample: [image etcd 3.7.0]
versions:
  description: Components by name, with the version that their lock states.
  returned: success
  type: dict
  sample: {kubernetes: 1.37.2}
missing:
  description: What is not built, in the order of building. After a build it is empty.
  returned: success
  type: list
  elements: dict
  sample: [{id: go/etcd, title: go etcd 3.7.0, log: /root/.cache/gantry/bundle/go/etcd/275b34c3e67f26fb2587.log}]
total:
  description: Number of artifacts in the plan, or of those that O(only) asks for.
  returned: success
  type: int
  sample: 34
built:
  description: What this run built, with the seconds it took.
  returned: success
  type: list
  elements: dict
  sample: [{title: go etcd 3.7.0, seconds: 45.2, notes: []}]
removed:
  description: Older builds that were removed because nothing has used them for a while.
  returned: success
  type: list
  elements: str
  sample: [go/etcd/75b34c3e67f26fb25872]
damage:
  description: Files that are not as they were built.
  returned: when O(state=verified)
  type: list
  elements: str
  sample: ["image etcd 3.7.0: /root/.cache/gantry/bundle/image/etcd/…/blobs/sha256/be33…: is gone"]
"""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

try:
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle, Step
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.lock import relock
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.signing import Signer

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)

SPEC: dict[str, Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "planned", "verified", "locked"], "default": "present"},
        "source": {"type": "path", "required": True},
        "project": {"type": "path"},
        "cache": {"type": "path", "required": True},
        "sets": {"type": "list", "elements": "str", "default": []},
        "only": {"type": "list", "elements": "str", "default": []},
        "artifact": {"type": "str"},
        "defer": {"type": "bool", "default": False},
        "output": {"type": "path"},
        "signing_key": {"type": "path"},
        "keep_build_caches": {"type": "bool", "default": False},
    }
}


def describe(bundle: Bundle) -> dict[str, Any]:
    """The outputs, and what is missing."""
    missing = [{"id": step.id, "title": step.title, "log": str(step.log)} for step in bundle.missing()]
    return {**bundle.outputs().document(), "missing": missing, "total": len(bundle.chosen)}


def build(bundle: Bundle, steps: list[Step]) -> list[dict[str, Any]]:
    """Build the steps in order; returns title, seconds and notes of each."""
    bundle.check_space(steps)
    made = [bundle.build(step) for step in steps]
    return [{"title": facts["title"], "seconds": facts["seconds"], "notes": facts["notes"]} for facts in made]


def write_output(path: Path, outputs: dict[str, Any], *, check: bool) -> bool:
    """Write the outputs where they changed; returns whether they did."""
    text = json.dumps(outputs, indent=1, sort_keys=True) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.rename(path)
    return True


def present(bundle: Bundle, options: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Make everything be there, or tell what would be built."""
    missing = [bundle.step(options["artifact"])] if options["artifact"] else bundle.missing()
    missing = [step for step in missing if not step.place.present]
    waits = options["state"] == "planned" or check or options["defer"]
    made = [] if waits and missing else build(bundle, missing)
    result = {
        "changed": bool(missing) and options["state"] != "planned",
        "built": made,
        "removed": [],
        **describe(bundle),
    }
    result["diff"] = {"before": "", "after": "".join(f"{step.title}\n" for step in missing)}
    if options["artifact"] or result["missing"] or options["state"] == "planned":
        return result
    if options["signing_key"]:
        signer = Signer(Path(options["signing_key"]))
        result["signed"] = sorted(bundle.unsigned(signer)) if check else bundle.sign(signer)
        result["changed"] |= bool(result["signed"])
        result["signatures"] = bundle.outputs().signatures
    if not check:
        bundle.use()
        result["removed"] = [] if options["only"] else bundle.collect()
        if not options["keep_build_caches"]:
            bundle.drop_build_caches()
    if options["output"] and bundle.whole:
        result["changed"] |= write_output(Path(options["output"]), bundle.outputs().document(), check=check)
    return result


def verified(bundle: Bundle, signing_key: str | None) -> dict[str, Any]:
    """Read everything again; a BundleError names what is not as it was built, or not signed."""
    damage = bundle.damage()
    if signing_key:
        damage += [f"{title}: {reason}" for title, reason in bundle.unsigned(Signer(Path(signing_key))).items()]
    if damage:
        lines = "\n".join(f"  {line}" for line in damage)
        raise BundleError(
            f"{len(damage)} file(s) are not as they were built; remove their directories and build anew\n{lines}"
        )
    return {"changed": False, "damage": [], "built": [], "removed": [], **describe(bundle)}


def locked(options: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Write the suite's current packages to the lock."""
    before, after = relock(Path(options["source"]), Path(options["cache"]), options["only"])
    if before != after and not check:
        (Path(options["source"]) / "debian.lock.yml").write_text(after, encoding="utf-8")
    header = str(Path(options["source"]) / "debian.lock.yml")
    diff = {"before": before, "after": after, "before_header": header, "after_header": header}
    return {"changed": before != after, "diff": diff}


def call(options: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    source = Path(options["source"]).resolve()
    project = Path(options["project"]).resolve() if options["project"] else source.parent
    try:
        if options["state"] == "locked":
            return locked(options, check=mode.check)
        bundle = Bundle(source, project, Path(options["cache"]), options["sets"], options["only"])
        if options["state"] == "verified":
            return verified(bundle, options["signing_key"])
        return present(bundle, options, check=mode.check)
    except BundleError as error:
        return {"failed": True, "msg": str(error)}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    run(module, call)


if __name__ == "__main__":
    main()
