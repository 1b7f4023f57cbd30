output "bucket" {
  description = "The bucket's name, once it may be written to."
  value       = aws_s3_bucket.this.id
  depends_on  = [aws_s3_bucket_policy.this]
}

output "arn" {
  description = "The bucket."
  value       = aws_s3_bucket.this.arn
}
