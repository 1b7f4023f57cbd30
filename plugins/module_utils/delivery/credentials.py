"""Secrets of delivery: each is made once and rests in a file of its own (0600); what is derived of it is stable."""

from __future__ import annotations

import base64
import ctypes
import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError

NAMES = ("admin-password", "git-operator", "git-argocd", "redis-password", "server-key", "webhook-token")
_BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(frozen=True)
class Kept:
    """The secrets by name, and which of them were not there before."""

    values: Mapping[str, str]
    new: tuple[str, ...]


def keep(directory: Path, names: Sequence[str] = NAMES, *, check: bool = False) -> Kept:
    """Read the secrets, and make those that are missing; in check mode they are made, not written.

    :raises DeliveryError: One cannot be read or written, or is empty.
    """
    values, new = {}, []
    for name in names:
        path = directory / name
        try:
            values[name] = path.read_text(encoding="utf-8").strip() if path.exists() else ""
            if path.exists() and not values[name]:
                raise DeliveryError(f"{path} is empty; remove it, and a new secret is made")
            if not values[name]:
                values[name] = secrets.token_urlsafe(30)
                new.append(name)
                if not check:
                    _write(path, values[name])
        except OSError as error:
            raise DeliveryError(f"{path}: {error.strerror}; secrets rest there") from error
    return Kept(values, tuple(new))


def bcrypt(secret: str, cost: int = 10) -> str:
    """The hash that Argo CD knows a password by. The salt comes of the secret, so that it stays the same.

    `cost` is the base-2 logarithm of its rounds: each one more doubles the work of every login.
    """
    salt = base64.b64encode(_salt(secret, "bcrypt")).decode().rstrip("=").translate(str.maketrans(_BASE64, _BCRYPT))
    # Of the last character only two bits count.
    return _crypt(secret, f"$2b${cost:02}${salt[:21]}{'.Oeu'[_BCRYPT.index(salt[21]) >> 4]}")


def users(values: Mapping[str, str]) -> str:
    """The git server's file of users, as htpasswd writes it."""
    return "".join(f"{user}:{sha512(values[f'git-{user}'])}\n" for user in ("operator", "argocd"))


def sha512(secret: str) -> str:
    """The hash that the git server knows a password by."""
    return _crypt(secret, f"$6${_salt(secret, 'sha512').hex()[:16]}$")


def _salt(secret: str, purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose}:{secret}".encode()).digest()[:16]


def _crypt(secret: str, setting: str) -> str:
    try:
        library = ctypes.CDLL("libcrypt.so.1")
    except OSError as error:
        raise DeliveryError(f"libcrypt cannot be loaded ({error}); install Debian's libcrypt1") from error
    library.crypt.restype = ctypes.c_char_p
    answer = library.crypt(secret.encode(), setting.encode())
    if not answer or answer.startswith(b"*"):
        raise DeliveryError(f"libcrypt knows no hash of the kind {setting[:4]}; install Debian's libcrypt1")
    return str(answer.decode())


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(content + "\n")
