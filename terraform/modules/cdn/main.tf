# The shop's CDN: the page from a bucket, everything else from the gateway. What is kept, for how long and under what key is as
# the local edge has it (services/edge); the same cases are asked of both (services/edge/tests/cases.yaml).

locals {
  host   = "shop.${var.domain}"
  global = "us-east-1" # where CloudFront takes certificates, firewalls and logs from
  page   = "page"
  shop   = "gateway"
  all    = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
  read   = ["GET", "HEAD", "OPTIONS"]

  # What is public, by path; what stands in no line passes to the gateway and is not kept.
  public = [
    { path = "/", origin = local.page, methods = local.read, cache = aws_cloudfront_cache_policy.page.id },
    { path = "/assets/*", origin = local.page, methods = local.read, cache = aws_cloudfront_cache_policy.page.id },
    { path = "/api/products", origin = local.shop, methods = local.all, cache = aws_cloudfront_cache_policy.products.id },
    { path = "/api/products/*", origin = local.shop, methods = local.all, cache = aws_cloudfront_cache_policy.products.id },
  ]

  # CloudFront knows no surrogate keys: which paths an answer with a key stands at.
  invalidations = {
    "storefront"    = ["/", "/index.html"]
    "catalog"       = ["/api/products*"]
    "products"      = ["/api/products", "/api/products?*"]
    "product-{sku}" = ["/api/products/{sku}", "/api/products/{sku}?*"]
  }
}

# --- the page

resource "aws_s3_bucket" "page" {
  # checkov:skip=CKV_AWS_144:what it holds is built from git again
  # checkov:skip=CKV_AWS_145:everyone may read it; a key would hide nothing
  # checkov:skip=CKV2_AWS_62:nothing waits for a new page
  bucket        = "${var.name}-${var.account}-page"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "page" {
  bucket = aws_s3_bucket.page.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "page" {
  bucket                  = aws_s3_bucket.page.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "page" {
  bucket = aws_s3_bucket.page.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "page" {
  bucket = aws_s3_bucket.page.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "page" {
  bucket = aws_s3_bucket.page.id

  rule {
    id     = "versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.page]
}

resource "aws_s3_bucket_logging" "page" {
  bucket        = aws_s3_bucket.page.id
  target_bucket = var.log_bucket
  target_prefix = "buckets/page/"
}

data "aws_iam_policy_document" "page" {
  statement {
    sid       = "Cdn"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.page.arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }

  statement {
    sid       = "Encrypted"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.page.arn, "${aws_s3_bucket.page.arn}/*"]

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

resource "aws_s3_bucket_policy" "page" {
  bucket = aws_s3_bucket.page.id
  policy = data.aws_iam_policy_document.page.json

  depends_on = [aws_s3_bucket_public_access_block.page]
}

resource "aws_cloudfront_origin_access_control" "page" {
  name                              = "${var.name}-page"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# --- the gateway

resource "aws_cloudfront_vpc_origin" "gateway" {
  vpc_origin_endpoint_config {
    name                   = "${var.name}-gateway"
    arn                    = var.gateway
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = "https-only"

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }
}

# --- what is kept, and under what key

resource "aws_cloudfront_cache_policy" "page" {
  name        = "${var.name}-page"
  comment     = "Without the query; as long as the answer says"
  min_ttl     = 0
  default_ttl = 0 # what says nothing is not kept
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_gzip   = true
    enable_accept_encoding_brotli = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "whitelist"

      headers {
        items = ["X-Edge-Pass"]
      }
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_cache_policy" "products" {
  name        = "${var.name}-products"
  comment     = "With the query; as long as the answer says"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_gzip   = true
    enable_accept_encoding_brotli = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "whitelist"

      headers {
        items = ["Authorization", "X-Edge-Pass"]
      }
    }

    query_strings_config {
      query_string_behavior = "all"
    }
  }
}

resource "aws_cloudfront_cache_policy" "pass" {
  name        = "${var.name}-pass"
  comment     = "Nothing is kept"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 0

  parameters_in_cache_key_and_forwarded_to_origin {
    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_origin_request_policy" "pass" {
  name    = "${var.name}-pass"
  comment = "All that the visitor sent, but for the host's name"

  cookies_config {
    cookie_behavior = "all"
  }

  headers_config {
    header_behavior = "allExcept"

    headers {
      items = ["host"]
    }
  }

  query_strings_config {
    query_string_behavior = "all"
  }
}

resource "aws_cloudfront_response_headers_policy" "public" {
  name    = "${var.name}-public"
  comment = "A session does not leave with what everyone gets"

  remove_headers_config {
    items {
      header = "Set-Cookie"
    }

    items {
      header = "xkey"
    }

    items {
      header = "Surrogate-Key"
    }
  }

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "pass" {
  name    = "${var.name}-pass"
  comment = "Surrogate keys are nobody's business"

  remove_headers_config {
    items {
      header = "xkey"
    }

    items {
      header = "Surrogate-Key"
    }
  }

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
  }
}

resource "aws_cloudfront_function" "public" {
  name    = "${var.name}-public"
  comment = "One question, one key"
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = file("${path.module}/public.js")
}

# --- the distribution

resource "aws_acm_certificate" "this" {
  region            = local.global
  domain_name       = local.host
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = { for option in aws_acm_certificate.this.domain_validation_options : option.domain_name => option }

  zone_id         = var.hosted_zone
  name            = each.value.resource_record_name
  type            = each.value.resource_record_type
  records         = [each.value.resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  region                  = local.global
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

resource "aws_cloudfront_distribution" "this" {
  # checkov:skip=CKV_AWS_86:it logs by CloudWatch's delivery, below, which needs no ACL of a bucket
  # checkov:skip=CKV_AWS_305:the root is rewritten by the function, so that only the root is
  # checkov:skip=CKV_AWS_310:the gateway is in three zones itself, and there is no other page than the page
  # checkov:skip=CKV_AWS_374:the shop sells everywhere
  # checkov:skip=CKV2_AWS_47:the rules against Log4j are there; the check wants AnonymousIpList beside them, which locks out who shops by VPN
  enabled         = true
  comment         = local.host
  aliases         = [local.host]
  price_class     = var.price_class
  http_version    = "http2and3"
  is_ipv6_enabled = true
  web_acl_id      = aws_wafv2_web_acl.this.arn

  origin {
    origin_id                = local.page
    domain_name              = aws_s3_bucket.page.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.page.id
  }

  origin {
    origin_id   = local.shop
    domain_name = var.domain
    origin_path = "/shop"

    vpc_origin_config {
      vpc_origin_id       = aws_cloudfront_vpc_origin.gateway.id
      origin_read_timeout = 15 # as the mesh's routes
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.public

    content {
      path_pattern               = ordered_cache_behavior.value.path
      target_origin_id           = ordered_cache_behavior.value.origin
      allowed_methods            = ordered_cache_behavior.value.methods
      cached_methods             = ["GET", "HEAD"]
      cache_policy_id            = ordered_cache_behavior.value.cache
      response_headers_policy_id = aws_cloudfront_response_headers_policy.public.id
      viewer_protocol_policy     = "redirect-to-https"
      compress                   = true

      function_association {
        event_type   = "viewer-request"
        function_arn = aws_cloudfront_function.public.arn
      }
    }
  }

  default_cache_behavior {
    target_origin_id           = local.shop
    allowed_methods            = local.all
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = aws_cloudfront_cache_policy.pass.id
    origin_request_policy_id   = aws_cloudfront_origin_request_policy.pass.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.pass.id
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
  }

  # An error that says nothing of its time is asked for again.
  dynamic "custom_error_response" {
    for_each = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]

    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = 0
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.this.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}

resource "aws_route53_record" "this" {
  for_each = toset(["A", "AAAA"])

  zone_id = var.hosted_zone
  name    = local.host
  type    = each.value

  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false # CloudFront has none to tell
  }
}
