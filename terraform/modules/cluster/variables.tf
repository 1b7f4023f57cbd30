variable "name" {
  description = "The cluster's name."
  type        = string
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "kubernetes_version" {
  description = "Kubernetes, as 1.37."
  type        = string
}

variable "private_subnets" {
  description = "The nodes' subnets, where the API has its addresses: zone → id."
  type        = map(string)
}

variable "pod_subnets" {
  description = "The pods' subnets: zone → id."
  type        = map(string)
}

variable "services" {
  description = "The network of services' virtual addresses."
  type        = string
}

variable "client_networks" {
  description = "Networks outside the VPC from which the API may be reached."
  type        = list(string)
}

variable "administrators" {
  description = "IAM roles that administer the cluster."
  type        = list(string)

  validation {
    condition     = length(var.administrators) > 0
    error_message = "Name at least one administrator: nobody else gets in, not even who made the cluster."
  }
}

variable "viewers" {
  description = "IAM roles that may look, but not at secrets."
  type        = list(string)
}

variable "log_days" {
  description = "Days for which the control plane's logs are kept."
  type        = number
}

variable "log_key" {
  description = "ARN of the key for logs."
  type        = string
}

variable "secret_key" {
  description = "ARN of the key for Kubernetes' secrets."
  type        = string
}

variable "deletion_protection" {
  description = "Whether EKS refuses to delete the cluster."
  type        = bool
}
