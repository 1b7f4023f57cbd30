variable "prefix" {
  description = "What repositories' names begin with: the environment's name."
  type        = string
}

variable "repositories" {
  description = "Repositories as upstream names them: docker.io/istio/pilot."
  type        = list(string)
}

variable "key" {
  description = "ARN of the key for images."
  type        = string
}

variable "deletion_protection" {
  description = "Whether repositories refuse to go with their images."
  type        = bool
}
