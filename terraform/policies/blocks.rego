# The input: {blocks: [{directory, kind, labels, address, file, arguments, inner}]}, all of terraform/ as python-hcl2 reads it.
# An expression stands as "${…}"; what a dynamic block makes stands as if written.
package terraform

import rego.v1

resources(type) := [block | some block in input.blocks; block.kind == "resource"; block.labels[0] == type]

documents := [block | some block in input.blocks; block.kind == "data"; block.labels[0] == "aws_iam_policy_document"]

inner(block, kind) := [found | some found in block.inner; found.kind == kind]

place(block) := sprintf("%s/%s: %s", [block.directory, block.file, block.address])

# Whether a resource of the type, in the block's own directory, points at the block by the argument.
joined(block, type, argument) if {
	some other in resources(type)
	other.directory == block.directory
	contains(other.arguments[argument], sprintf("%s.", [block.address]))
}
