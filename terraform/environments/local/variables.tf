variable "environment" {
  description = "platform_environment."
  type        = string
}

variable "network" {
  description = "platform_networks.machines."
  type        = string
}

variable "node_pools" {
  description = "platform_node_pools, as far as machines need them."
  type = list(object({
    name     = string
    role     = string
    capacity = optional(string, "on_demand")
    count    = number
    size     = object({ cpu = number, memory = string })
    labels   = optional(map(string), {})
    taints   = optional(list(object({ key = string, value = optional(string, ""), effect = string })), [])
  }))
}

variable "bundle" {
  description = "File that says where the bundle's systems rest: bundle.json, or its key rootfs alone."
  type        = string
}

variable "remove_surplus" {
  description = "Whether machines that no pool asks for any more are removed; their nodes are drained before."
  type        = bool
  default     = false
}
