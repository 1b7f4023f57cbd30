variable "name" {
  description = "The key's alias, without alias/."
  type        = string
}

variable "description" {
  description = "What it encrypts."
  type        = string
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "region" {
  description = "Where the key lies: that of what it encrypts."
  type        = string
}

variable "logs" {
  description = "Whether CloudWatch encrypts log groups with it."
  type        = bool
  default     = false
}

variable "volumes" {
  description = "Whether volumes of instances are encrypted with it."
  type        = bool
  default     = false
}
