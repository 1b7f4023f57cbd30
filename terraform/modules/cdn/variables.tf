variable "name" {
  description = "What everything is called."
  type        = string
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "domain" {
  description = "The platform's domain, at which the gateway answers; the shop is at shop.<domain>."
  type        = string
}

variable "hosted_zone" {
  description = "Id of the zone in which the domain lies."
  type        = string
}

variable "gateway" {
  description = "ARN of the load balancer before the gateway."
  type        = string
}

variable "price_class" {
  description = "From which of CloudFront's places it serves."
  type        = string
}

variable "log_bucket" {
  description = "The bucket for access logs."
  type        = string
}

variable "log_bucket_arn" {
  description = "The same bucket's ARN."
  type        = string
}

variable "log_days" {
  description = "Days for which the firewall's logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the page's bucket refuses to go with its content."
  type        = bool
}
