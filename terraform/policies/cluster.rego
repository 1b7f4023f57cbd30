# The cluster tells what is done in it, keeps its secrets, and leaves the number of nodes to the autoscaler.
package terraform

import rego.v1

told := {"api", "audit", "authenticator", "controllerManager", "scheduler"}

logs(block) := {name | some name in block.arguments.enabled_cluster_log_types} if is_array(block.arguments.enabled_cluster_log_types)

logs(block) := {name |
	some other in input.blocks
	other.kind == "locals"
	other.directory == block.directory
	block.arguments.enabled_cluster_log_types == "${local.logs}"
	some name in other.arguments.logs
} if {
	is_string(block.arguments.enabled_cluster_log_types)
}

deny contains message if {
	some block in resources("aws_eks_cluster")
	missing := told - logs(block)
	count(missing) > 0
	message := sprintf("%s does not log %v", [place(block), sort(missing)])
}

deny contains message if {
	some block in resources("aws_eks_cluster")
	count([one | some one in inner(block, "encryption_config"); "secrets" in one.arguments.resources]) == 0
	message := sprintf("%s keeps secrets without a key of ours", [place(block)])
}

deny contains message if {
	some block in resources("aws_eks_cluster")
	some access in inner(block, "access_config")
	[access.arguments.authentication_mode, access.arguments.bootstrap_cluster_creator_admin_permissions] != ["API", false]
	message := sprintf("%s lets in who is in no access entry", [place(block)])
}

deny contains message if {
	some block in resources("aws_launch_template")
	count([one |
		some one in inner(block, "metadata_options")
		one.arguments.http_tokens == "required"
		one.arguments.http_put_response_hop_limit == 1
	]) == 0
	message := sprintf("%s gives pods the node's credentials", [place(block)])
}

deny contains message if {
	some block in resources("aws_launch_template")
	some mapping in inner(block, "block_device_mappings")
	some disk in inner(mapping, "ebs")
	not encrypted(disk)
	message := sprintf("%s has disks without a key of ours", [place(block)])
}

encrypted(disk) if {
	disk.arguments.encrypted == true
	disk.arguments.kms_key_id
}

deny contains message if {
	some block in resources("aws_eks_node_group")
	count([one |
		some one in inner(block, "lifecycle")
		some ignored in one.arguments.ignore_changes
		contains(ignored, "desired_size")
	]) == 0
	message := sprintf("%s takes the number of nodes back from the autoscaler", [place(block)])
}

# Roots: state in a bucket, and no other account than the inventory's.
deny contains message if {
	some block in input.blocks
	block.kind == "terraform"
	some backend in inner(block, "backend")
	backend.labels != ["s3"]
	message := sprintf("%s keeps its state where nobody else finds it", [place(block)])
}

deny contains message if {
	some block in input.blocks
	block.kind == "provider"
	not block.arguments.allowed_account_ids
	message := sprintf("%s would act in any account", [place(block)])
}
