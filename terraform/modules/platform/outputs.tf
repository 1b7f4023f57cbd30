output "cluster_name" {
  description = "The cluster's name."
  value       = module.cluster.name
}

output "cluster_endpoint" {
  description = "Where its API answers, within the VPC."
  value       = module.cluster.endpoint
}

output "cluster_certificate_authority" {
  description = "The API's CA: PEM in base64, as a kubeconfig wants it."
  value       = module.cluster.certificate_authority
}

output "cluster_oidc_issuer" {
  description = "Who signs the tokens of service accounts."
  value       = module.cluster.oidc_issuer
}

output "cluster_oidc_provider" {
  description = "ARN of that issuer in IAM."
  value       = module.cluster.oidc_provider
}

output "node_role" {
  description = "ARN of the nodes' role."
  value       = module.node_pools.role
}

output "node_groups" {
  description = "Name of a node group → its ARN."
  value       = module.node_pools.node_groups
}

output "vpc" {
  description = "Id of the VPC."
  value       = module.network.vpc
}

output "private_subnets" {
  description = "The nodes' subnets: zone → id."
  value       = module.network.private_subnets
}

output "gateway_address" {
  description = "DNS name of the load balancer before the gateway."
  value       = module.gateway.address
}

output "registry_repositories" {
  description = "The bundle's repositories: name → address in ECR."
  value       = module.registry.repositories
}

output "cdn_address" {
  description = "Where the shop is; null without CDN."
  value       = one(module.cdn[*].address)
}

output "cdn_distribution" {
  description = "Id of CloudFront's distribution; null without CDN."
  value       = one(module.cdn[*].distribution)
}

output "cdn_bucket" {
  description = "Where the shop's page is uploaded to; null without CDN."
  value       = one(module.cdn[*].bucket)
}

output "cdn_invalidations" {
  description = "Surrogate key ({sku} stands for a product's) → paths at which answers with it stand."
  value       = var.cdn_enabled ? module.cdn[0].invalidations : {}
}
