# The platform's one address: a load balancer within the VPC, before the gateway's port on every node. It is reached from the
# VPC, from the clients' networks, and by CloudFront.

resource "aws_security_group" "this" {
  name        = "${var.name}-gateway"
  description = "The load balancer before the gateway"
  vpc_id      = var.vpc

  tags = { Name = "${var.name}-gateway" }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = toset(concat([var.machines, var.pods], var.client_networks))

  security_group_id = aws_security_group.this.id
  description       = "HTTPS from ${each.value}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# A group of its own: the list takes most of the rules that a group can have.
resource "aws_security_group" "cdn" {
  name        = "${var.name}-gateway-cdn"
  description = "The load balancer before the gateway, from CloudFront"
  vpc_id      = var.vpc

  tags = { Name = "${var.name}-gateway-cdn" }
}

data "aws_ec2_managed_prefix_list" "cdn" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

resource "aws_vpc_security_group_ingress_rule" "cdn" {
  security_group_id = aws_security_group.cdn.id
  description       = "HTTPS from CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cdn.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id            = aws_security_group.this.id
  description                  = "The gateway's port of the nodes"
  referenced_security_group_id = var.node_security_group
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = var.node_security_group
  description                  = "The gateway's port, from the load balancer"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_acm_certificate" "this" {
  domain_name       = var.domain
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
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

resource "aws_lb" "this" {
  # checkov:skip=CKV_AWS_150:whether it is protected is the inventory's to say
  name                       = "${var.name}-gateway"
  load_balancer_type         = "application"
  internal                   = true
  subnets                    = values(var.private_subnets)
  security_groups            = [aws_security_group.this.id, aws_security_group.cdn.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection

  access_logs {
    bucket  = var.log_bucket
    prefix  = "gateway"
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  name        = "${var.name}-gateway"
  vpc_id      = var.vpc
  target_type = "instance"
  port        = var.port
  protocol    = "HTTPS" # the gateway's own certificate; what is behind the load balancer is in the VPC

  health_check {
    protocol = "HTTPS"
    path     = "/"
    matcher  = "200-499" # an answer, whatever it says: what is routed where is the mesh's business
    interval = 10
    timeout  = 5
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_route53_record" "this" {
  zone_id = var.hosted_zone
  name    = var.domain
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}
