# What a root says itself.

variable "environment" {
  description = "The environment's name."
  type        = string
}

variable "tags" {
  description = "Tags of everything, for what the provider's own do not reach."
  type        = map(string)
}
