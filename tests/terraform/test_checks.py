"""The checks themselves: each kind of mistake, in a sample that is broken in one way, is told by name."""

from __future__ import annotations

import pytest

from tests.terraform import checks
from tests.terraform.configuration import Configuration, references

BLOCK = {"type": "block", "required": True, "block": "single"}
KNOWN = {
    "resources": {
        "aws_cluster": {
            "arguments": {
                "name": {"type": "string", "required": True},
                "version": {"type": "string"},
                "logs": {"type": "list"},
                "labels": {"type": "map"},
                "size": {"type": "number"},
                "protected": {"type": "bool"},
                "network": {**BLOCK, "arguments": {"subnets": {"type": "list", "required": True}}},
                "taint": {"type": "block", "block": "many", "arguments": {"key": {"type": "string"}}},
                "statement": {"type": "block", "block": "single", "arguments": None},
            },
            "attributes": {"arn": None, "identity": {"issuer": None}, "network": {"group": None}},
        }
    },
    "data": {"aws_zones": {"arguments": {"state": {"type": "string"}}, "attributes": {"names": None}}},
    "provider": {"region": {"type": "string"}},
}
WHOLE = """
variable "subnets" {
  type        = list(string)
  description = "Where."
}

data "aws_zones" "these" {}

locals {
  zones = data.aws_zones.these.names
}

resource "aws_cluster" "this" {
  name      = "a-${join("-", local.zones)}"
  logs      = ["audit"]
  labels    = { a = "b" }
  size      = 3
  protected = true

  network {
    subnets = var.subnets
  }

  statement {
    anything = { goes = true }
  }

  dynamic "taint" {
    for_each = var.subnets

    content {
      key = taint.value
    }
  }

  lifecycle {
    ignore_changes = [size]
  }
}

resource "aws_cluster" "more" {
  for_each = toset(var.subnets)

  name = "${aws_cluster.this.name}-${each.value}"

  network {
    subnets = [for subnet in [each.value] : subnet]
  }
}

output "arns" {
  description = "All."
  value = concat(
    [aws_cluster.this.arn, aws_cluster.this.identity[0].issuer],
    [for one in aws_cluster.more : one.arn],
  )
}

output "group" {
  description = "One."
  value       = "${aws_cluster.this.network[0].group} ${aws_cluster.more[var.subnets[0]].arn}"
}
"""


def told(text: str) -> list[str]:
    return checks.problems(Configuration.parse(text), KNOWN)


def test_a_whole_configuration_has_no_problem() -> None:
    assert told(WHOLE) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('resource "aws_cluster" "this"', 'resource "aws_clutser" "this"', "no resource aws_clutser"),
        ('data "aws_zones" "these"', 'data "aws_zone" "these"', "no data aws_zone"),
        ("size      = 3", "sise = 3", "aws_cluster.this: no argument sise"),
        ("size      = 3", 'size = "three"', "aws_cluster.this.size is to be a number"),
        ("size      = 3", "size = true", "aws_cluster.this.size is to be a number"),
        ('logs      = ["audit"]', 'logs = "audit"', "aws_cluster.this.logs is to be a list"),
        ('labels    = { a = "b" }', 'labels = ["a"]', "aws_cluster.this.labels is to be a map"),
        ("protected = true", 'protected = "yes"', "aws_cluster.this.protected is to be a bool"),
        ('name = "${aws_cluster.this.name}-${each.value}"', "", "aws_cluster.more: name is missing"),
        ("    subnets = var.subnets\n", "", "aws_cluster.this.network: subnets is missing"),
        ("    subnets = var.subnets", "    subnet = var.subnets", "aws_cluster.this.network: no argument subnet"),
        ("  network {\n    subnets = var.subnets\n  }", "", "aws_cluster.this: network is missing"),
        ("network {\n    subnets = var.", "networks {\n    subnets = var.", "aws_cluster.this: no block networks"),
        (
            "network {\n    subnets = var.subnets\n  }",
            "network = { subnets = [] }",
            "network is a block, not an argument",
        ),
        ("  size      = 3", "  size {\n  }", "aws_cluster.this: size is an argument, not a block"),
        ("  statement {", "  network {\n    subnets = []\n  }\n  statement {", "more than one block network"),
        ('dynamic "taint"', 'dynamic "tint"', "aws_cluster.this: no block tint"),
        ("      key = taint.value", "      kee = taint.value", "aws_cluster.this.taint: no argument kee"),
        ("ignore_changes = [size]", "ignore = [size]", "aws_cluster.this.lifecycle: no argument ignore"),
        ("subnets = var.subnets", "subnets = var.subnet", "there is no var.subnet"),
        ("local.zones)", "local.zone)", "there is no local.zone"),
        ("local.zones)", "[])", "local.zones is not used"),
        ("data.aws_zones.these.names", "[]", "data.aws_zones.these is not used"),
        ("data.aws_zones.these.names", "data.aws_zones.these.name", "has no attribute name"),
        ("[aws_cluster.this.arn", "[aws_cluster.that.arn", "there is no aws_cluster.that"),
        ("[aws_cluster.this.arn", "[aws_cluster.this.urn", "aws_cluster.this has no attribute urn"),
        ("[aws_cluster.this.arn", "[aws_cluster.this[0].arn", "aws_cluster.this is one, not several"),
        ("[aws_cluster.this.arn", "[aws_cluster.more.arn", "aws_cluster.more is several; say which one"),
        ("identity[0].issuer", "identity[0].issue", "has no attribute identity.issue"),
        ("network[0].group", "network[0].grup", "has no attribute network.grup"),
        ("  type        = list(string)\n", "", "var.subnets has no type"),
        ('  description = "All."\n', "", "output.arns has no description"),
    ],
    ids=lambda value: None,
)
def test_a_mistake_is_told(old: str, new: str, said: str) -> None:
    assert WHOLE.count(old) >= 1
    problems = told(WHOLE.replace(old, new, 1))
    assert any(said in problem for problem in problems), problems


def test_a_module_is_given_what_it_takes() -> None:
    module = Configuration.parse('variable "a" {}\nvariable "b" { default = 1 }\noutput "c" { value = 1 }')
    call = Configuration.parse('module "m" {\n  source = "./m"\n  d = module.m.e\n}')
    assert list(checks.calls(call, {"m": module})) == [
        "main.tf: module.m: no variable d",
        "main.tf: module.m: a is missing",
    ]
    assert list(checks.names(call, KNOWN, {"m": {"c"}})) == ["main.tf: module.m: module.m has no output e"]


def test_what_is_no_hcl_is_told_by_file() -> None:
    with pytest.raises(ValueError, match=r"broken\.tf is not HCL"):
        Configuration.parse('resource "a" {', "broken.tf")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("var.x", []),
        ("${var.x}", ["var.x"]),
        ("${aws_a.b[local.c[each.key]].id}", ["aws_a.b[].id", "local.c[]", "each.key"]),
        ("arn:aws:s3:::${module.m.bucket}/data.aws_x", ["module.m.bucket"]),
        ("${[for a in aws_a.b : a.id]}", ["aws_a.b"]),
        ("${data.aws_a.b.c[*].d}", ["data.aws_a.b.c[].d"]),
    ],
)
def test_references_are_found(text: str, found: list[str]) -> None:
    assert list(references(text)) == found
