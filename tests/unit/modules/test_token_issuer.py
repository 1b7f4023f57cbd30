"""The issuer's key: made once, kept, mended, removed; in check mode nothing is touched."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.identity import keys
from ansible_collections.gantry.platform.plugins.modules.token_issuer import absent, present


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    made = present(path, check_mode=False)
    again = present(path, check_mode=False)
    assert (made["changed"], again["changed"]) == (True, False)
    assert made["jwks"] == again["jwks"] == keys.jwks(keys.read_key(path))
    assert again["diff"]["before"] == again["diff"]["after"]
    assert json.loads(made["jwks"])["keys"][0]["kid"] == made["kid"]


def test_check_mode_tells_and_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    told = present(path, check_mode=True)
    assert told["changed"]
    assert told["kid"] not in told["diff"]["after"]
    assert not path.exists()
    present(path, check_mode=False)
    assert absent(path, check_mode=True)["changed"]
    assert path.exists()


def test_a_key_that_others_may_read_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    kid = present(path, check_mode=False)["kid"]
    path.chmod(0o644)
    assert present(path, check_mode=True)["changed"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    mended = present(path, check_mode=False)
    assert (mended["changed"], mended["kid"]) == (True, kid)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_removed_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    present(path, check_mode=False)
    assert [absent(path, check_mode=False)["changed"] for _ in range(2)] == [True, False]


def test_no_result_has_the_private_key(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    made = present(path, check_mode=False)
    secret = keys.encode(keys.read_key(path).private_numbers().private_value.to_bytes(keys.COORDINATE, "big"))
    assert secret not in json.dumps(made)
    assert "PRIVATE" not in json.dumps(made)


def test_what_is_no_key_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    path.write_text("something else")
    with pytest.raises(keys.IdentityError, match="remove it for a new one"):
        present(path, check_mode=False)
    assert path.read_text() == "something else"
