variable "name" {
  description = "What everything is called."
  type        = string
}

variable "vpc" {
  description = "Id of the VPC."
  type        = string
}

variable "private_subnets" {
  description = "Where the load balancer has its addresses: zone → id."
  type        = map(string)
}

variable "machines" {
  description = "The nodes' network."
  type        = string
}

variable "pods" {
  description = "The pods' network."
  type        = string
}

variable "client_networks" {
  description = "Networks outside the VPC from which the platform may be reached."
  type        = list(string)
}

variable "node_security_group" {
  description = "The group of the nodes."
  type        = string
}

variable "port" {
  description = "The gateway's HTTPS port on every node."
  type        = number
}

variable "domain" {
  description = "The platform's domain."
  type        = string
}

variable "hosted_zone" {
  description = "Id of the zone in which the domain lies."
  type        = string
}

variable "log_bucket" {
  description = "The bucket for access logs."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
}
