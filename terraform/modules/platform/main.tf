# An environment on AWS: what the roots of all environments share.

locals {
  name = "gantry-${var.environment}"
}

module "key" {
  source = "../key"

  name        = local.name
  description = "Logs, disks and images of ${local.name}"
  account     = var.account
  region      = var.region
  logs        = true
  volumes     = true
}

module "secret_key" {
  source = "../key"

  name        = "${local.name}-secrets"
  description = "Kubernetes' secrets of ${local.name}"
  account     = var.account
  region      = var.region
}

module "network" {
  source = "../network"

  name         = local.name
  account      = var.account
  region       = var.region
  zones        = var.zones
  machines     = var.networks.machines
  pods         = var.networks.pods
  nat_per_zone = var.nat_per_zone
  log_days     = var.log_days
  key          = module.key.arn
}

module "cluster" {
  source = "../cluster"

  name                = local.name
  account             = var.account
  region              = var.region
  kubernetes_version  = var.kubernetes_version
  private_subnets     = module.network.private_subnets
  pod_subnets         = module.network.pod_subnets
  services            = var.networks.services
  client_networks     = var.client_networks
  administrators      = var.administrators
  viewers             = var.viewers
  log_days            = var.log_days
  log_key             = module.key.arn
  secret_key          = module.secret_key.arn
  deletion_protection = var.deletion_protection
}

module "logs" {
  source = "../logs"

  name                = local.name
  account             = var.account
  log_days            = var.log_days
  deletion_protection = var.deletion_protection
}

module "gateway" {
  source = "../gateway"

  name                = local.name
  vpc                 = module.network.vpc
  private_subnets     = module.network.private_subnets
  machines            = var.networks.machines
  pods                = var.networks.pods
  client_networks     = var.client_networks
  node_security_group = module.cluster.security_group
  port                = var.gateway_port
  domain              = var.domain
  hosted_zone         = var.hosted_zone
  log_bucket          = module.logs.bucket
  deletion_protection = var.deletion_protection
}

module "node_pools" {
  source = "../node_pools"

  name                 = local.name
  cluster              = module.cluster.name
  private_subnets      = module.network.private_subnets
  node_groups          = var.node_groups
  volume_key           = module.key.arn
  gateway_target_group = module.gateway.target_group
  tags                 = var.tags
}

module "registry" {
  source = "../registry"

  prefix              = var.environment
  repositories        = var.repositories
  key                 = module.key.arn
  deletion_protection = var.deletion_protection
}

module "costs" {
  source = "../costs"

  name           = local.name
  monthly_budget = var.monthly_budget
  alert_mails    = var.alert_mails
}

module "cdn" {
  source = "../cdn"
  count  = var.cdn_enabled ? 1 : 0

  name                = local.name
  account             = var.account
  domain              = var.domain
  hosted_zone         = var.hosted_zone
  gateway             = module.gateway.arn
  price_class         = var.cdn_price_class
  log_bucket          = module.logs.bucket
  log_bucket_arn      = module.logs.arn
  log_days            = var.log_days
  deletion_protection = var.deletion_protection
}
