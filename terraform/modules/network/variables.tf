variable "name" {
  description = "What everything is called."
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

variable "zones" {
  description = "Three availability zones."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == 3
    error_message = "Name three different availability zones."
  }
}

variable "machines" {
  description = "The nodes' network, /16 to /22."
  type        = string
}

variable "pods" {
  description = "The pods' network, /16 to /20."
  type        = string
}

variable "nat_per_zone" {
  description = "Whether each zone has a NAT gateway and endpoints of its own, or all use those of the first."
  type        = bool
}

variable "log_days" {
  description = "Days for which flow logs are kept."
  type        = number
}

variable "key" {
  description = "ARN of the key for logs."
  type        = string
}
