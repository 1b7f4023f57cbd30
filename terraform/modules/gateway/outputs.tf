output "arn" {
  description = "The load balancer, once it serves."
  value       = aws_lb.this.arn
  depends_on  = [aws_lb_listener.this]
}

output "address" {
  description = "The load balancer's DNS name."
  value       = aws_lb.this.dns_name
}

output "target_group" {
  description = "ARN of the group of nodes behind it."
  value       = aws_lb_target_group.this.arn
}
