"""What can go wrong with the bundle, said with the thing, the value and the remedy."""

from __future__ import annotations


class BundleError(Exception):
    """A bundle that cannot be declared, built or trusted."""


class CommandError(BundleError):
    """A program that the build runs has failed; the message holds its last lines and the log's path."""
