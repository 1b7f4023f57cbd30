# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Renders templates without copying all variables for each of them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: template
short_description: Renders templates
version_added: 0.1.0
description:
  - As P(ansible.builtin.template#lookup), which first copies all variables, deeply, for each template. Here they are
    shared, so that a large result of an earlier task costs later templates nothing.
options:
  _terms:
    description: Names of templates, found as those of the action of the same name.
    required: true
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Jaeger
  gantry.platform.k8s_release:
    name: jaeger
    objects: "{{ lookup('gantry.platform.template', 'jaeger.yml.j2') | ansible.builtin.from_yaml_all | list }}"
"""

RETURN = r"""
_raw:
  description: What each template comes to.
  type: list
  elements: raw
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.template import trust_as_template


class LookupModule(LookupBase):  # type: ignore[misc]
    """What Ansible asks for."""

    def run(self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """What each template comes to."""
        self.set_options(var_options=variables, direct=kwargs)
        return [self._rendered(term, variables or {}) for term in terms]

    def _rendered(self, term: str, variables: Mapping[str, Any]) -> Any:
        path = self.find_file_in_search_path(variables, "templates", term)
        if not path:
            raise AnsibleError(f"there is no template {term}")
        roots = [Path(root) for root in variables.get("ansible_search_path", [])]
        places = [Path(path).parent, *(place for root in roots for place in (root / "templates", root))]
        templar = self._templar.copy_with_new_env(searchpath=[str(place) for place in places])
        text = trust_as_template(self._loader.get_text_file_contents(path))
        return templar.template(text, escape_backslashes=False)
