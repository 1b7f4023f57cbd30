# The environment staging on AWS. Variables are written from inventories/staging, never by hand.

terraform {
  required_version = ">= 1.11" # the first that locks state by a file of S3

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }

  # Bucket, key, region and lock come from the inventory, too. The bucket encrypts by its own key.
  backend "s3" {}
}

variable "environment" {
  description = "The environment's name, as its inventory says."
  type        = string

  validation {
    condition     = var.environment == "staging"
    error_message = "These are the variables of another environment: this is the root of staging."
  }
}

locals {
  tags = { project = "gantry", environment = var.environment, managed-by = "terraform" }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]

  default_tags {
    tags = local.tags
  }
}

module "platform" {
  source = "../../modules/platform"

  environment = var.environment
  tags        = local.tags

  account             = var.account
  region              = var.region
  zones               = var.zones
  domain              = var.domain
  hosted_zone         = var.hosted_zone
  networks            = var.networks
  nat_per_zone        = var.nat_per_zone
  kubernetes_version  = var.kubernetes_version
  administrators      = var.administrators
  viewers             = var.viewers
  client_networks     = var.client_networks
  node_groups         = var.node_groups
  gateway_port        = var.gateway_port
  repositories        = var.repositories
  log_days            = var.log_days
  deletion_protection = var.deletion_protection
  monthly_budget      = var.monthly_budget
  alert_mails         = var.alert_mails
  cdn_enabled         = var.cdn_enabled
  cdn_price_class     = var.cdn_price_class
}

output "platform" {
  description = "All that later stages read (plugins/module_utils/infrastructure/outputs.py)."
  value       = module.platform
}
