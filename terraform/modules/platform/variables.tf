# Written from the inventory (plugins/module_utils/infrastructure/variables.py), never by hand. Every root has this file, too, as a link.

variable "account" {
  description = "The account's number; nothing is done in any other."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "zones" {
  description = "Three availability zones."
  type        = list(string)
}

variable "domain" {
  description = "The platform's domain."
  type        = string
}

variable "hosted_zone" {
  description = "Id of Route 53's zone in which the domain lies."
  type        = string
}

variable "networks" {
  description = "Networks of nodes, pods and services."
  type        = object({ machines = string, pods = string, services = string })
}

variable "nat_per_zone" {
  description = "Whether each zone has a NAT gateway of its own."
  type        = bool
}

variable "kubernetes_version" {
  description = "Kubernetes, as 1.37."
  type        = string
}

variable "administrators" {
  description = "IAM roles that administer the cluster."
  type        = list(string)
}

variable "viewers" {
  description = "IAM roles that may look, but not at secrets."
  type        = list(string)
}

variable "client_networks" {
  description = "Networks outside the VPC from which the platform may be reached."
  type        = list(string)
}

variable "node_groups" {
  description = "Node groups by name."
  type = map(object({
    capacity       = string
    ami_type       = string
    count          = number
    min            = number
    max            = number
    instance_types = list(string)
    zones          = list(string)
    labels         = map(string)
    taints         = list(object({ key = string, value = string, effect = string }))
  }))
}

variable "gateway_port" {
  description = "The gateway's HTTPS port on every node."
  type        = number
}

variable "repositories" {
  description = "Repositories of the bundle's images."
  type        = list(string)
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether cluster and load balancer refuse to be deleted, and buckets and repositories to go with content."
  type        = bool
}

variable "monthly_budget" {
  description = "USD a month."
  type        = number
}

variable "alert_mails" {
  description = "Who hears of the budget and of unusual costs."
  type        = list(string)
}

variable "cdn_enabled" {
  description = "Whether the shop has a CDN."
  type        = bool
}

variable "cdn_price_class" {
  description = "From which of CloudFront's places it serves."
  type        = string
}
