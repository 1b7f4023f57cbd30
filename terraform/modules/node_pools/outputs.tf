output "role" {
  description = "ARN of the nodes' role."
  value       = aws_iam_role.this.arn
}

output "node_groups" {
  description = "Name of a node group → its ARN."
  value       = { for name, group in aws_eks_node_group.this : name => group.arn }
}
