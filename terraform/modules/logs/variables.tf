variable "name" {
  description = "What everything is called."
  type        = string
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the bucket refuses to go with its content."
  type        = bool
}
