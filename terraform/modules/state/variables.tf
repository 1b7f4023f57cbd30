variable "bucket" {
  description = "The bucket's name."
  type        = string
}

variable "key" {
  description = "ARN of the key for state."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the bucket refuses to go with its content."
  type        = bool
}
