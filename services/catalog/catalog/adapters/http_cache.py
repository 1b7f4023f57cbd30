"""Answers that caches may keep: an ETag for browsers, a time and surrogate keys for the edge."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.datastructures import Headers

from catalog.application import Record

EVERYTHING: Final = "catalog"
"""The surrogate key that every answer carries: for who missed what changed."""


@dataclass(frozen=True, slots=True)
class Cacheable:
    """How answers are kept: `shared_seconds` by the edge, `stale_seconds` more while it asks again, and for
    `spare_seconds` should there be no answer. Browsers ask each time, and hear 304 as long as nothing changed.

    `record` is told (level, outcome) of every answer: hit is a 304.
    """

    record: Record
    shared_seconds: int = 60
    stale_seconds: int = 30
    spare_seconds: int = 3600

    def answer(self, request: Request, body: BaseModel, *keys: str) -> Response:
        """The body, or 304 for who has it. `keys` name what is shown: a purge of one of them drops the answer."""
        content = body.model_dump_json().encode()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        surrogates = " ".join((EVERYTHING, *keys))
        headers = {
            "ETag": etag,
            "Cache-Control": f"public, max-age=0, s-maxage={self.shared_seconds}, "
            f"stale-while-revalidate={self.stale_seconds}, stale-if-error={self.spare_seconds}",
            "Surrogate-Key": surrogates,
            "xkey": surrogates,
        }
        if _has(request.headers, etag):
            self.record("http", "hit")
            return Response(status_code=304, headers=headers)
        self.record("http", "miss")
        return Response(content, headers=headers, media_type="application/json")


def _has(headers: Headers, etag: str) -> bool:
    """Whether If-None-Match names the ETag, by the weak comparison of RFC 9110, 13.1.2."""
    named = [tag.strip().removeprefix("W/") for line in headers.getlist("if-none-match") for tag in line.split(",")]
    return etag in named or "*" in named
