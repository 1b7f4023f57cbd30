output "vpc" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "private_subnets" {
  description = "The nodes' subnets: zone → id."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "pod_subnets" {
  description = "The pods' subnets: zone → id."
  value       = { for zone, subnet in aws_subnet.pods : zone => subnet.id }
}
