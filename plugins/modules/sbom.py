#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)

from __future__ import annotations

DOCUMENTATION = r"""
module: sbom
short_description: Writes what each image of the bundle is made of
version_added: 0.1.0
description:
  - Writes a bill of materials for each built image, as CycloneDX 1.6 JSON, and C(licences.md) with the licences of all.
  - Debian, PyPI and npm packages are those of the locks, Go modules those that the programs say of themselves.
  - The same image gives the same bytes. A bill also rests beside its image in the cache, and is made once.
  - Licences are what packages state. Of Debian and PyPI packages and Go modules they are noted when an artifact is
    built.
options:
  source:
    description: Directory with C(artifacts.yml), C(images.yml) and the locks.
    type: path
    required: true
  project:
    description: Directory that paths of services are relative to. The parent of O(source) by default.
    type: path
  cache:
    description: The user's cache directory, in which the bundle rests.
    type: path
    required: true
  sets:
    description: Sets of artifacts beside V(core).
    type: list
    elements: str
    default: []
  only:
    description: Names of images, C(name) or C(image/name). All that O(sets) ask for by default.
    type: list
    elements: str
    default: []
  directory:
    description: Where C(<image>.cdx.json) and C(licences.md) are written. Bills of other images are removed.
    type: path
    required: true
attributes:
  check_mode:
    description: Writes nothing and tells what it would write.
    support: full
  diff_mode:
    description: Names the files that are written or removed.
    support: partial
    details: Bills are long, so their text is not shown.
requirements: [pydantic, packaging, python-debian, PyYAML, zstandard]
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: What the images are made of
  gantry.platform.sbom:
    source: "{{ bundle_source }}"
    cache: "{{ bundle_cache_directory }}"
    directory: .platform/local/sbom
"""

RETURN = r"""
files:
  description: Files that were written or removed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [.platform/local/sbom/etcd.cdx.json, .platform/local/sbom/licences.md]
missing:
  description: Images that are not built, and so have no bill.
  returned: success
  type: list
  elements: str
  sample: []
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible_collections.gantry.platform.plugins.module_utils.bundle import sbom
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "path", "required": True},
            "project": {"type": "path"},
            "cache": {"type": "path", "required": True},
            "sets": {"type": "list", "elements": "str", "default": []},
            "only": {"type": "list", "elements": "str", "default": []},
            "directory": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    given = module.params
    source = Path(given["source"]).resolve()
    project = Path(given["project"]).resolve() if given["project"] else source.parent
    try:
        bundle = Bundle(source, project, Path(given["cache"]), given["sets"], given["only"])
        files = [str(path) for path in sbom.write(bundle, Path(given["directory"]), check=module.check_mode)]
    except BundleError as error:
        module.fail_json(msg=str(error))
    missing = [step.title for step in bundle.missing() if step.item.kind == "image"]
    diff = {"before": "", "after": "".join(f"{path}\n" for path in files)}
    module.exit_json(changed=bool(files), files=files, missing=missing, diff=diff)


if __name__ == "__main__":
    main()
