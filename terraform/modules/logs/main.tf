# The bucket that load balancer, CDN and buckets write their access logs to. They expire.

locals {
  # Who writes: the prefix of its objects, and who it is.
  writers = {
    gateway = "logdelivery.elasticloadbalancing.amazonaws.com"
    cdn     = "delivery.logs.amazonaws.com"
    buckets = "logging.s3.amazonaws.com"
  }
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18:it holds the logs; logs of its own would write to themselves
  # checkov:skip=CKV_AWS_21:objects are written once and expire
  # checkov:skip=CKV_AWS_144:what logs tell of one region is not worth a copy in another
  # checkov:skip=CKV_AWS_145:load balancers write to buckets with keys of S3 alone
  # checkov:skip=CKV2_AWS_62:nothing waits for a log
  bucket        = "${var.name}-${var.account}-logs"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = local.writers

    content {
      sid       = title(statement.key)
      actions   = ["s3:PutObject"]
      resources = ["${aws_s3_bucket.this.arn}/${statement.key}/*"] # its own part of the bucket

      principals {
        type        = "Service"
        identifiers = [statement.value]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account]
      }
    }
  }

  statement {
    sid       = "Encrypted"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.this.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
