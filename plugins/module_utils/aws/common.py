"""What all calls to AWS share: the client, and failures in words that say what to do."""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

P = ParamSpec("P")
R = TypeVar("R")
Client = Any
"""A client of boto3, which makes its classes from the service's model at run time."""

ATTEMPTS = 8
"""Tries of a call that AWS throttles or does not answer, with growing pauses (botocore's standard mode)."""
CONSISTENT = 60
"""Seconds after which what was made is seen by all of AWS."""
PAUSE = 5
"""Seconds between two looks at what is not seen yet."""

REMEDIES: dict[str, str] = {
    "AccessDeniedException": "allow the caller this action by a policy of IAM, then run again",
    "ClientException": "see what AWS says, correct it, then run again",
    "ConnectTimeoutError": "see that this host reaches AWS (network, proxy, VPC endpoints), then run again",
    "ExpiredTokenException": "log in again (for example `aws sso login`), then run again: it goes on where this ended",
    "InvalidClientTokenId": "these credentials are of no account or were deleted: log in anew, then run again",
    "InvalidParameterException": "correct the argument that it names",
    "InvalidRequestException": "correct what it names, or wait until what it names has ended, then run again",
    "KMSAccessDeniedException": "let the cluster's role use the key by the key's policy, then run again",
    "NoCredentialsError": "log in, or set AWS_PROFILE, or the environment's AWS_ACCESS_KEY_ID and its secret",
    "NoRegionError": "set the region",
    "OptInRequired": "enable the region for the account, or subscribe to what it names, then run again",
    "ParamValidationError": "correct the argument that it names",
    "ProfileNotFound": "set AWS_PROFILE to a profile of ~/.aws/config",
    "ProxyConnectionError": "see that HTTPS_PROXY is right and answers, then run again",
    "ResourceInUseException": "something else is changing or using it: wait until that has ended, then run again",
    "ResourceLimitExceededException": "raise the quota in Service Quotas, or delete what is not needed, then run again",
    "ResourceNotFoundException": "it was deleted, or is of another region or account: run again to make it anew",
    "ServiceUnavailableException": "this is AWS's own trouble (see its health page); run again later",
    "SignatureDoesNotMatch": "set this host's clock, and see that the secret key is the right one",
    "SSLError": "see that this host trusts AWS's certificates (AWS_CA_BUNDLE behind a proxy that opens TLS)",
    "ThrottlingException": "the account's calls of this minute are used up; run again in a minute",
    "UnsupportedAvailabilityZoneException": "EKS has no room in that zone: give subnets in other zones",
}
"""By AWS's code, or the name of botocore's exception."""

_SAME = {
    "AccessDenied": "AccessDeniedException",
    "UnauthorizedOperation": "AccessDeniedException",
    "AuthFailure": "InvalidClientTokenId",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ExpiredToken": "ExpiredTokenException",
    "RequestExpired": "SignatureDoesNotMatch",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "PartialCredentialsError": "NoCredentialsError",
    "CredentialRetrievalError": "NoCredentialsError",
    "TokenRetrievalError": "ExpiredTokenException",
    "UnauthorizedSSOTokenError": "ExpiredTokenException",
    "SSOTokenLoadError": "ExpiredTokenException",
    "EndpointConnectionError": "ConnectTimeoutError",
    "ReadTimeoutError": "ConnectTimeoutError",
    "ConnectionClosedError": "ConnectTimeoutError",
    "LimitExceededException": "ResourceLimitExceededException",
    "ServerException": "ServiceUnavailableException",
    "InternalFailure": "ServiceUnavailableException",
    "InternalServerError": "ServiceUnavailableException",
    "ServiceUnavailable": "ServiceUnavailableException",
    "RequestLimitExceeded": "ThrottlingException",
    "TooManyRequestsException": "ThrottlingException",
    "Throttling": "ThrottlingException",
    "SubscriptionRequiredException": "OptInRequired",
}
"""Other words for the same."""


class AwsError(Exception):
    """What was wanted did not come about. The message says what, why and what to do; `code` is AWS's."""

    def __init__(self, action: str, said: str, remedy: str, code: str = "") -> None:
        self.code = code
        super().__init__(f"Failed to {action}: {said.strip().rstrip('.')}. {remedy[:1].upper()}{remedy[1:]}")


@dataclass
class Outcome:
    """What was done (with check: would be), and how it looks. `live` is what AWS tells in the end."""

    actions: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything was (would be) done."""
        return bool(self.actions)


def connect(service: str, region: str, endpoint_url: str = "") -> Client:
    """A client that repeats what was throttled or got no answer. Raises AwsError."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=10,
        read_timeout=60,
        user_agent_extra="gantry.platform",
    )
    session: Any = boto3.session.Session()
    try:
        return session.client(service, region, endpoint_url=endpoint_url or None, config=config)
    except (BotoCoreError, ValueError) as error:
        raise explained(f"reach AWS ({service} in {region})", error) from error


def code_of(error: BaseException) -> str:
    """AWS's code of a failure, or the name of botocore's exception."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def remedy_of(code: str) -> str:
    """What to do about a code; every code has an answer."""
    return REMEDIES.get(_SAME.get(code, code), "see what AWS says, correct it, then run again")


def explained(action: str, error: BaseException) -> AwsError:
    """The failure of an action, in one sentence and a remedy."""
    code, said = code_of(error), str(error)
    if isinstance(error, ClientError):
        answer: Mapping[str, Any] = error.response
        said = f"{code}: {answer.get('Error', {}).get('Message') or answer.get('message') or 'AWS gave no reason'}"
        if zones := answer.get("validZones"):
            said += f" (zones with room: {', '.join(zones)})"
    return AwsError(action, said, remedy_of(code), code)


def fails_to(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make every failure of a call read "Failed to <action>: …"; {names} in it are arguments of the call."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except (BotoCoreError, ClientError) as error:
                raise explained(action.format(**signature.bind(*args, **kwargs).arguments), error) from error

        return call

    return decorate


def unless_missing(call: Callable[[], R], codes: Iterable[str] = ("ResourceNotFoundException",)) -> R | None:
    """What a call returns, or None where what it is about is not there."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) in codes:
            return None
        raise


def once_consistent(call: Callable[[], R], patterns: Iterable[str]) -> R:
    """Repeat a call while its failure's message shows that AWS does not see yet what was made just before."""
    deadline = time.monotonic() + CONSISTENT
    for _ in range(CONSISTENT // PAUSE):
        try:
            return call()
        except ClientError as error:
            known = any(re.search(pattern, str(error), flags=re.IGNORECASE) for pattern in patterns)
            if not known or time.monotonic() >= deadline:
                raise
            time.sleep(PAUSE)
    return call()
