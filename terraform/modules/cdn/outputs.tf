output "address" {
  description = "Where the shop is."
  value       = local.host
}

output "distribution" {
  description = "Id of the distribution."
  value       = aws_cloudfront_distribution.this.id
}

output "bucket" {
  description = "Where the shop's page is uploaded to."
  value       = aws_s3_bucket.page.id
}

output "invalidations" {
  description = "Surrogate key ({sku} stands for a product's) → paths at which answers with it stand."
  value       = local.invalidations
}
