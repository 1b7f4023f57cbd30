# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "gantry.dev/platform/gantry" {
  version     = "0.1.0"
  constraints = "0.1.0"
  hashes = [
    "h1:ixpz/hzeLwI6Njaze2+RRPTq1fvlyJynkR030l+8M0U=",
  ]
}
