variable "name" {
  description = "What everything is called."
  type        = string
}

variable "cluster" {
  description = "The cluster's name."
  type        = string
}

variable "private_subnets" {
  description = "The nodes' subnets: zone → id."
  type        = map(string)
}

variable "node_groups" {
  description = "Node groups by name, as the inventory's pools ask for them."
  type = map(object({
    capacity       = string
    ami_type       = string
    count          = number
    min            = number
    max            = number
    instance_types = list(string)
    zones          = list(string)
    labels         = map(string)
    taints         = list(object({ key = string, value = string, effect = string }))
  }))
}

variable "disk_size" {
  description = "GiB of a node's disk."
  type        = number
  default     = 50
}

variable "volume_key" {
  description = "ARN of the key for disks."
  type        = string
}

variable "gateway_target_group" {
  description = "ARN of the load balancer's group of nodes."
  type        = string
}

variable "tags" {
  description = "Tags of instances and disks, which the provider's own do not reach."
  type        = map(string)
}
