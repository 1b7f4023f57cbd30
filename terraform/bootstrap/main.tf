# The bucket of an environment's state, made once, before all else. This root's own state is a file beside it, until it is moved
# into the bucket that it made (docs/infrastructure-aws.md).

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]

  default_tags {
    tags = { project = "gantry", environment = var.environment, managed-by = "terraform" }
  }
}

module "key" {
  source = "../modules/key"

  name        = var.bucket
  description = "Terraform's state of ${var.environment}"
  account     = var.account
  region      = var.region
}

module "state" {
  source = "../modules/state"

  bucket              = var.bucket
  key                 = module.key.arn
  deletion_protection = var.deletion_protection
}

output "bucket" {
  description = "The bucket's name, for -backend-config."
  value       = module.state.bucket
}
