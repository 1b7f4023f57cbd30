# An environment of machines on this host, as its inventory says. The variables are written from the inventory
# (roles/infrastructure, docs/infrastructure.md), never by hand.

data "gantry_image" "machine" {
  bundle = var.bundle
  name   = "machine"
}

resource "gantry_network" "machines" {
  environment = var.environment
  cidr        = var.network
}

resource "gantry_node_pool" "pools" {
  for_each = { for pool in var.node_pools : pool.name => pool }

  environment    = gantry_network.machines.environment
  network        = gantry_network.machines.cidr
  template       = data.gantry_image.machine.path
  name           = each.key
  role           = each.value.role
  capacity       = each.value.capacity
  nodes          = each.value.count
  cpu            = each.value.size.cpu
  memory         = each.value.size.memory
  labels         = each.value.labels
  taints         = each.value.taints
  remove_surplus = var.remove_surplus
}
