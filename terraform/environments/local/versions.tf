terraform {
  required_version = ">= 1.10"

  required_providers {
    gantry = {
      source  = "gantry.dev/platform/gantry"
      version = "0.1.0"
    }
  }

  # Where the state lies is told by role infrastructure.
  backend "local" {}
}

provider "gantry" {}
