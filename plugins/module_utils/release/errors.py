# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What can go wrong in a release, in words for the person who reads them."""

from __future__ import annotations

from typing import Any


class ReleaseError(Exception):
    """A release cannot go on; the text names the thing, the value and the remedy."""


class UnreachableError(ReleaseError):
    """The API server did not answer within the time given to retries."""


class ApiError(ReleaseError):
    """The API server refused a request.

    ``status`` is the HTTP status, ``body`` the ``Status`` object it sent (empty if it sent something else).
    """

    def __init__(self, status: int, body: dict[str, Any], request: str) -> None:
        self.status = status
        self.body = body
        self.reason = str(body.get("reason") or "")
        self.request = request
        super().__init__(str(body.get("message") or f"{request} answered {status}"))

    @property
    def causes(self) -> list[dict[str, Any]]:
        """The causes that the server lists, e.g. one for each conflicting field."""
        causes = (self.body.get("details") or {}).get("causes")
        return [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []

    @property
    def retry_after(self) -> float:
        """Seconds that the server asks to wait before another try, 0 if it asks for none."""
        return float((self.body.get("details") or {}).get("retryAfterSeconds") or 0)


def explain(error: ApiError) -> str:
    """Put a refusal into one sentence with its remedy."""
    conflicts = [cause for cause in error.causes if cause.get("reason") == "FieldManagerConflict"]
    if conflicts:
        fields = "; ".join(f"{cause.get('field')} ({_owner(str(cause.get('message') or ''))})" for cause in conflicts)
        remedy = "Leave these fields out, or set force_conflicts: true to take them over"
        return f"conflicts with another field manager: {fields}. {remedy}"
    text = str(error)
    if error.status == 401:
        return f"the API server does not accept the credentials of the kubeconfig ({text}). Renew them"
    if error.status == 404 and text.startswith("namespaces "):
        return f"{text}. Add the Namespace to the release's objects, or create it before"
    if error.status == 403 and "being terminated" in text:
        return f"{text}. Wait until it is gone, then run again"
    if error.status == 422 and "immutable" in text:
        return f"{text}. Such a field can only be set at creation: rename the object, or delete it and run again"
    return text


def _owner(message: str) -> str:
    """Name the owner in a conflict message such as ``conflict with "kubectl" using v1``."""
    parts = message.split('"')
    return f"owned by {parts[1]}" if len(parts) >= 3 else message
