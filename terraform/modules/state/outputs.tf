output "bucket" {
  description = "The bucket's name, for -backend-config."
  value       = aws_s3_bucket.this.id
}
