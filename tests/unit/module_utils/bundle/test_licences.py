"""Licences of Go modules, by the texts that lie in the module cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.goinfo import Module
from ansible_collections.gantry.platform.plugins.module_utils.bundle.licences import go, known

BSD = "Redistribution and use in source and binary\nforms, with or without modification, are permitted"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("                  Apache License\n            Version 2.0, January 2004", ["Apache-2.0"]),
        ("Permission is hereby granted, free of charge, to any\n  person obtaining a copy of this", ["MIT"]),
        (BSD, ["BSD-2-Clause"]),
        (f"{BSD}: Neither the name of Google Inc. nor", ["BSD-3-Clause"]),
        ("Mozilla Public License, version 2.0; GNU Lesser General Public License, Version 2.1, or 3", ["MPL-2.0"]),
        ("All rights reserved", []),
    ],
)
def test_a_text_is_known_by_its_words(text: str, names: list[str]) -> None:
    assert known(text) == names


def test_texts_are_found_where_go_unpacks_modules(tmp_path: Path) -> None:
    directory = tmp_path / "github.com/!burnt!sushi/toml@v1.6.0"
    directory.mkdir(parents=True)
    (directory / "COPYING").write_text("Permission is hereby granted, free of charge, to any person obtaining a copy")
    both = tmp_path / "gopkg.in/yaml.v3@v3.0.1"
    both.mkdir(parents=True)
    (both / "LICENSE").write_text("Apache License, Version 2.0")
    (both / "LICENSE.libyaml").write_text(
        "Permission is hereby granted, free of charge, to any person obtaining a copy"
    )
    found = go(
        [
            Module("github.com/BurntSushi/toml", "v1.6.0", ""),
            Module("gopkg.in/yaml.v3", "v3.0.1", ""),
            Module("example.org/none", "v1.0.0", ""),
        ],
        tmp_path,
    )
    assert found == {"github.com/BurntSushi/toml@v1.6.0": ["MIT"], "gopkg.in/yaml.v3@v3.0.1": ["Apache-2.0", "MIT"]}
