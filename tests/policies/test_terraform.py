"""What policies say of terraform/, by the real engine: nothing; and each rule says what it is for when it is broken."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from tests.policies.test_policies import ROOT, binary, run
from tests.terraform.configuration import Configuration

TERRAFORM = ROOT / "terraform"
POLICIES = TERRAFORM / "policies"


def blocks(configurations: dict[str, Configuration]) -> list[dict[str, Any]]:
    """All blocks, each with its directory's name."""
    return [block.plain() | {"directory": name} for name, found in configurations.items() for block in found.all]


def denied(found: list[dict[str, Any]]) -> list[str]:
    """What the policies say of blocks."""
    command = [
        binary("opa"),
        "eval",
        "--format",
        "json",
        "--stdin-input",
        "--data",
        str(POLICIES),
        "data.terraform.deny",
    ]
    done = subprocess.run(command, input=json.dumps({"blocks": found}), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [result] = json.loads(done.stdout)["result"]
    return sorted(result["expressions"][0]["value"])


@pytest.fixture(scope="module")
def configurations() -> dict[str, Configuration]:
    paths = Configuration.directories(TERRAFORM, "aws")
    return {str(path.relative_to(TERRAFORM)): Configuration.read(path) for path in paths}


def test_rego_is_strict_and_formatted() -> None:
    run(binary("opa"), "check", "--strict", str(POLICIES))
    assert run(binary("opa"), "fmt", "--diff", str(POLICIES)) == ""


def test_hcl_is_formatted() -> None:
    try:
        program = binary("tofu")
    except pytest.fail.Exception:
        pytest.skip("OpenTofu is in the bundle's set terraform, which is not built here")
    run(program, "fmt", "-check", "-diff", "-recursive", str(TERRAFORM))  # it fails where anything differs


def test_nothing_is_denied(configurations: dict[str, Configuration]) -> None:
    assert denied(blocks(configurations)) == []


BROKEN = [
    ("modules/network", '"logs:CreateLogStream"', '"logs:*"', "data.aws_iam_policy_document.flow allows logs:*"),
    ("modules/network", '"${aws_cloudwatch_log_group.flow.arn}:*"', '"*"', "flow allows its actions on everything"),
    ("modules/network", '    actions   = ["logs:', '    not_actions = ["logs:', "allows all but not_actions"),
    ("modules/cluster", "policy/AmazonEKSClusterPolicy", "policy/AdministratorAccess", "gives AdministratorAccess"),
    ("modules/key", 'kms:DescribeKey"]', 'kms:*"]', "this allows kms:*"),
    ("modules/gateway", "prefix_list_id    = data", 'cidr_ipv4 = "0.0.0.0/0" # data', "lets everyone in"),
    ("modules/gateway", "internal                   = true", "internal = false", "faces the internet"),
    ("modules/gateway", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08", "without TLS 1.3"),
    ("modules/network", "map_public_ip_on_launch = false", "map_public_ip_on_launch = true", "public addresses"),
    ("modules/cluster", "endpoint_public_access  = false", "", "an API outside its network"),
    ("modules/cdn", '"redirect-to-https"', '"allow-all"', "aws_cloudfront_distribution.this serves without TLS"),
    ("modules/cdn", "web_acl_id      = aws", "# aws", "has no firewall"),
    ("modules/state", 'resource "aws_s3_bucket_public_access_block"', 'resource "aws_x"', "not closed to the public"),
    ("modules/state", "block_public_acls       = true", "block_public_acls = false", "set block_public_acls"),
    ("modules/logs", "!var.deletion_protection", "true", "goes with all it holds in every environment"),
    ("modules/logs", 'variable = "aws:SecureTransport"', 'variable = "aws:Other"', "takes requests without TLS"),
    ("modules/cluster", "kms_key_id        = var.log_key", "", "aws_cloudwatch_log_group.this has no kms_key_id"),
    ("modules/key", "enable_key_rotation     = true", "", "never changes"),
    ("modules/registry", "IMMUTABLE", "MUTABLE", "lets a tag change"),
    ("modules/registry", '"KMS"', '"AES256"', "not encrypted by a key of ours"),
    ("modules/cluster", '"api", "audit", ', '"api", ', 'does not log ["audit"]'),
    ("modules/cluster", '["secrets"]', "[]", "keeps secrets without a key"),
    ("modules/cluster", "admin_permissions = false", "admin_permissions = true", "lets in who is in no access entry"),
    (
        "modules/node_pools",
        "http_put_response_hop_limit = 1",
        "http_put_response_hop_limit = 2",
        "the node's credentials",
    ),
    ("modules/node_pools", "encrypted             = true", "", "disks without a key of ours"),
    ("modules/node_pools", "[scaling_config[0].desired_size]", "[labels]", "back from the autoscaler"),
    ("environments/dev", 'backend "s3"', 'backend "local"', "keeps its state where nobody else finds it"),
    ("environments/dev", "allowed_account_ids = [var.account]", "", "would act in any account"),
]


@pytest.mark.parametrize(("directory", "old", "new", "said"), BROKEN)
def test_what_is_broken_is_denied(
    configurations: dict[str, Configuration], directory: str, old: str, new: str, said: str
) -> None:
    files = {path.name: path.read_text() for path in configurations[directory].path.glob("*.tf")}
    assert any(old in text for text in files.values())
    broken = "\n".join(text.replace(old, new) for text in files.values())
    found = denied(blocks(configurations | {directory: Configuration.parse(broken)}))
    assert any(said in message for message in found), found


def test_credentials_that_last_and_rules_within_groups_are_denied() -> None:
    text = """
resource "aws_iam_user" "me" {
  name = "me"
}

resource "aws_security_group" "open" {
  ingress {
    from_port = 22
  }
}

data "aws_iam_policy_document" "everyone" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::mine/x"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}
"""
    found = denied(blocks({"x": Configuration.parse(text)}))
    for said in (
        "aws_iam_user.me makes credentials that last",
        "open has rules of its own",
        "everyone trusts everyone",
    ):
        assert any(said in message for message in found), found


def test_every_rule_is_broken_once() -> None:
    rules = sum(
        len(re.findall(r"^deny contains", path.read_text(), flags=re.MULTILINE)) for path in POLICIES.glob("*.rego")
    )
    said = len({case[3] for case in BROKEN}) + 3
    assert said >= rules
