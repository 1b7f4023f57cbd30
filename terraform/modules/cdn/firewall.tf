# The firewall before the CDN: AWS's own rules for what is common and known to be bad, and a limit for each address.

resource "aws_wafv2_web_acl" "this" {
  region      = local.global
  name        = "${var.name}-cdn"
  description = "Before the CDN"
  scope       = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "AWSManagedRulesCommonRuleSet"
    priority = 1

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "AWSManagedRulesCommonRuleSet"
      sampled_requests_enabled   = false # samples would show sessions
    }
  }

  rule {
    name     = "AWSManagedRulesKnownBadInputsRuleSet" # Log4j's, too
    priority = 2

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "AWSManagedRulesKnownBadInputsRuleSet"
      sampled_requests_enabled   = false # samples would show sessions
    }
  }

  rule {
    name     = "rate"
    priority = 3

    action {
      block {}
    }

    statement {
      rate_based_statement {
        aggregate_key_type = "IP"
        limit              = 2000 # in five minutes
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.name}-cdn"
    sampled_requests_enabled   = false
  }
}

module "log_key" {
  source = "../key"

  name        = "${var.name}-cdn-logs"
  description = "Logs of the CDN's firewall of ${var.name}"
  account     = var.account
  region      = local.global
  logs        = true
}

resource "aws_cloudwatch_log_group" "firewall" {
  # checkov:skip=CKV_AWS_338:how long logs are kept is the inventory's to say
  region            = local.global
  name              = "aws-waf-logs-${var.name}" # the prefix that WAF asks for
  retention_in_days = var.log_days
  kms_key_id        = module.log_key.arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  region                  = local.global
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "cookie"
    }
  }

  # What was let through stands in the CDN's own log.
  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }
}

# --- the CDN's log

resource "aws_cloudwatch_log_delivery_source" "cdn" {
  region       = local.global
  name         = "${var.name}-cdn"
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
}

resource "aws_cloudwatch_log_delivery_destination" "cdn" {
  region        = local.global
  name          = "${var.name}-cdn"
  output_format = "json"

  delivery_destination_configuration {
    destination_resource_arn = "${var.log_bucket_arn}/cdn"
  }
}

resource "aws_cloudwatch_log_delivery" "cdn" {
  region                   = local.global
  delivery_source_name     = aws_cloudwatch_log_delivery_source.cdn.name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.cdn.arn
}
