"""Credential plugin for EKS: prints a token of a quarter of an hour, made from the caller's credentials of AWS.

A program of its own, which a kubeconfig names: ``python -I eks_token.py CLUSTER REGION``. The token is a request
to STS, signed but not sent: EKS sends it, and learns who we are. Nothing secret is written anywhere.
Source: https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
"""

from __future__ import annotations

import base64
import datetime
import json
import sys

PREFIX = "k8s-aws-v1."
GOOD_FOR = datetime.timedelta(minutes=14)
"""EKS takes a request for a quarter of an hour after it was signed."""
SIGNED_FOR = 60
"""Seconds for which STS itself takes the request."""


class NoTokenError(Exception):
    """No token can be made; the message has the remedy."""


def signed_url(cluster: str, region: str) -> str:
    """The signed request by which EKS learns who asks. Raises NoTokenError."""
    # The session and the signature alone: a client would read the whole of STS' model, in every call of kubectl.
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        credentials = Session().get_credentials()
        frozen = credentials and credentials.get_frozen_credentials()
    except BotoCoreError as error:
        raise NoTokenError(f"no credentials of AWS ({error}): log in again, for example by `aws sso login`") from error
    if not frozen:
        raise NoTokenError("no credentials of AWS: log in, or set AWS_PROFILE")
    address = f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", address, headers={"x-k8s-aws-id": cluster})
    SigV4QueryAuth(frozen, "sts", region, expires=SIGNED_FOR).add_auth(request)
    return str(request.url)


def credential(url: str, now: datetime.datetime) -> dict[str, object]:
    """The signed request as what kubectl and its like expect of a plugin (ExecCredential). Pure."""
    token = PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    return {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {},
        "status": {"expirationTimestamp": (now + GOOD_FOR).strftime("%Y-%m-%dT%H:%M:%SZ"), "token": token},
    }


def main(arguments: list[str]) -> int:
    """Print the credential; returns the exit status."""
    try:
        url = signed_url(*arguments)
    except (NoTokenError, TypeError, ImportError) as error:
        print(f"eks_token: {error}", file=sys.stderr)
        return 1
    print(json.dumps(credential(url, datetime.datetime.now(datetime.UTC))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
