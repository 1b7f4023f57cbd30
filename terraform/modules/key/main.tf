# A KMS key for one purpose, rotated each year. Services get what its purpose needs, and only for this account.

data "aws_iam_policy_document" "this" {
  # checkov:skip=CKV_AWS_109:a key's policy is about this key alone, and the account must be able to administer it
  # checkov:skip=CKV_AWS_111:as for CKV_AWS_109
  # checkov:skip=CKV_AWS_356:in a key's policy "*" means this key

  statement {
    sid       = "Account"
    actions   = ["kms:*"] # without it nobody could ever change the policy; IAM says who in the account may
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.account}:root"]
    }
  }

  dynamic "statement" {
    for_each = var.logs ? ["logs"] : []

    content {
      sid       = "Logs"
      actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["logs.${var.region}.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "kms:EncryptionContext:aws:logs:arn"
        values   = ["arn:aws:logs:${var.region}:${var.account}:log-group:*"]
      }
    }
  }

  # As the key that AWS keeps for volumes: who may start instances in this account may have their volumes encrypted.
  dynamic "statement" {
    for_each = var.volumes ? ["volumes"] : []

    content {
      sid       = "Volumes"
      actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["*"] # the two conditions below say who
      }

      condition {
        test     = "StringEquals"
        variable = "kms:CallerAccount"
        values   = [var.account]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["ec2.${var.region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_kms_key" "this" {
  region                  = var.region
  description             = var.description
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.this.json
}

resource "aws_kms_alias" "this" {
  region        = var.region
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
