# Written from the inventory (plugins/module_utils/infrastructure/variables.py), never by hand.

variable "environment" {
  description = "The environment's name."
  type        = string
}

variable "account" {
  description = "The account's number; nothing is done in any other."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "bucket" {
  description = "The bucket's name."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the bucket refuses to go with its content."
  type        = bool
}
