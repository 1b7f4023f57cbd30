output "repositories" {
  description = "Repository → its address in ECR."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}
