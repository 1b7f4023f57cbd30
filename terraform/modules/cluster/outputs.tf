output "name" {
  description = "The cluster's name, once nodes can join it."
  value       = aws_eks_cluster.this.name
  depends_on  = [aws_eks_addon.first]
}

output "endpoint" {
  description = "Where the API answers, within the VPC."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate_authority" {
  description = "The API's CA: PEM in base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "oidc_issuer" {
  description = "Who signs the tokens of service accounts."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "oidc_provider" {
  description = "ARN of that issuer in IAM."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "security_group" {
  description = "The group of nodes, pods and API."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}
