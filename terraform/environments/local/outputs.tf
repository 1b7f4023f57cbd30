output "network" {
  description = "The machines' network."
  value       = gantry_network.machines.cidr
}

output "machines" {
  description = "Name to address and state, of the machines that the pools ask for."
  value       = merge([for pool in gantry_node_pool.pools : pool.machines]...)
}

output "surplus" {
  description = "Names of the machines that no pool asks for any more."
  value       = flatten([for pool in gantry_node_pool.pools : pool.surplus])
}
