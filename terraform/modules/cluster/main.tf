# EKS: an API that only the VPC reaches, secrets encrypted by a key of our own, audit logs, access by entries, add-ons.

locals {
  logs = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
  entries = merge(
    { for arn in var.administrators : arn => "AmazonEKSClusterAdminPolicy" },
    { for arn in var.viewers : arn => "AmazonEKSViewPolicy" },
  )
  # Add-ons that act on AWS: the service account, and the policy of AWS that says what they may.
  accounts = {
    vpc-cni            = { service_account = "aws-node", policy = "AmazonEKS_CNI_Policy" }
    aws-ebs-csi-driver = { service_account = "ebs-csi-controller-sa", policy = "service-role/AmazonEBSCSIDriverPolicy" }
  }
  # Those that nodes need to become ready, and those that need nodes.
  first = toset(["eks-pod-identity-agent", "kube-proxy", "vpc-cni"])
  then  = toset(["aws-ebs-csi-driver", "coredns"])
  settings = {
    vpc-cni = {
      enableNetworkPolicy = "true"
      env = {
        AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG = "true" # pods have addresses of their own network
        ENABLE_PREFIX_DELEGATION           = "true" # and as many of them as a node can run
        ENI_CONFIG_LABEL_DEF               = "topology.kubernetes.io/zone"
      }
      eniConfig = {
        create = true
        region = var.region
        subnets = {
          for zone, subnet in var.pod_subnets : zone => {
            id             = subnet
            securityGroups = [aws_eks_cluster.this.vpc_config[0].cluster_security_group_id]
          }
        }
      }
    }
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-cluster"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

data "aws_iam_policy_document" "secrets" {
  statement {
    sid       = "Secrets"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"]
    resources = [var.secret_key]
  }
}

resource "aws_iam_role_policy" "secrets" {
  name   = "secrets"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.secrets.json
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338:how long logs are kept is the inventory's to say
  name              = "/aws/eks/${var.name}/cluster" # where EKS writes
  retention_in_days = var.log_days
  kms_key_id        = var.log_key
}

resource "aws_eks_cluster" "this" {
  name                          = var.name
  version                       = var.kubernetes_version
  role_arn                      = aws_iam_role.this.arn
  enabled_cluster_log_types     = local.logs
  bootstrap_self_managed_addons = false # the add-ons below are the only ones
  deletion_protection           = var.deletion_protection

  vpc_config {
    subnet_ids              = values(var.private_subnets)
    endpoint_private_access = true
    endpoint_public_access  = false
  }

  kubernetes_network_config {
    service_ipv4_cidr = var.services
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = var.secret_key
    }
  }

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false # who administers stands in the inventory
  }

  upgrade_policy {
    support_type = "STANDARD" # old versions are upgraded, not paid for
  }

  zonal_shift_config {
    enabled = true
  }

  # Its logs must have their group, and its role its rights, as long as it lives.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.secrets, aws_iam_role_policy_attachment.this]
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = toset(var.client_networks)

  security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  description       = "The API, from ${each.value}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_eks_access_entry" "this" {
  for_each = local.entries

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.key
  type          = "STANDARD"
}

resource "aws_eks_access_policy_association" "this" {
  for_each = local.entries

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.this[each.key].principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/${each.value}"

  access_scope {
    type = "cluster"
  }
}

data "aws_iam_policy_document" "pod_trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_eks_cluster.this.arn]
    }
  }
}

resource "aws_iam_role" "addon" {
  for_each = local.accounts

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.pod_trust.json
}

resource "aws_iam_role_policy_attachment" "addon" {
  for_each = local.accounts

  role       = aws_iam_role.addon[each.key].name
  policy_arn = "arn:aws:iam::aws:policy/${each.value.policy}"
}

data "aws_eks_addon_version" "this" {
  for_each = setunion(local.first, local.then)

  addon_name         = each.value
  kubernetes_version = var.kubernetes_version
}

resource "aws_eks_addon" "first" {
  for_each = local.first

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.value
  addon_version               = data.aws_eks_addon_version.this[each.value].version
  configuration_values        = contains(keys(local.settings), each.value) ? jsonencode(local.settings[each.value]) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  dynamic "pod_identity_association" {
    for_each = contains(keys(local.accounts), each.value) ? [local.accounts[each.value]] : []

    content {
      role_arn        = aws_iam_role.addon[each.value].arn
      service_account = pod_identity_association.value.service_account
    }
  }

  depends_on = [aws_iam_role_policy_attachment.addon]
}

# They are ready once there are nodes: nothing that makes nodes may wait for them.
resource "aws_eks_addon" "then" {
  for_each = local.then

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.value
  addon_version               = data.aws_eks_addon_version.this[each.value].version
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  dynamic "pod_identity_association" {
    for_each = contains(keys(local.accounts), each.value) ? [local.accounts[each.value]] : []

    content {
      role_arn        = aws_iam_role.addon[each.value].arn
      service_account = pod_identity_association.value.service_account
    }
  }

  depends_on = [aws_eks_addon.first, aws_iam_role_policy_attachment.addon]
}
