# What is kept is encrypted, closed, and does not stay for ever.
package terraform

import rego.v1

beside_buckets := {
	"aws_s3_bucket_public_access_block": "closed to the public",
	"aws_s3_bucket_server_side_encryption_configuration": "encrypted",
	"aws_s3_bucket_ownership_controls": "owned by the account",
	"aws_s3_bucket_lifecycle_configuration": "cleared of what is old",
	"aws_s3_bucket_policy": "closed to who does not encrypt",
}

deny contains message if {
	some block in resources("aws_s3_bucket")
	some type, what in beside_buckets
	not joined(block, type, "bucket")
	message := sprintf("%s is not %s: add %s", [place(block), what, type])
}

deny contains message if {
	some block in resources("aws_s3_bucket_public_access_block")
	some argument in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	object.get(block.arguments, argument, false) != true
	message := sprintf("%s leaves a way open: set %s", [place(block), argument])
}

deny contains message if {
	some block in resources("aws_s3_bucket")
	object.get(block.arguments, "force_destroy", false) == true
	message := sprintf("%s goes with all it holds in every environment", [place(block)])
}

# A policy of a bucket denies what does not come by TLS.
deny contains message if {
	some policy in resources("aws_s3_bucket_policy")
	some document in documents
	document.directory == policy.directory
	contains(policy.arguments.policy, sprintf("%s.", [document.address]))
	not denies_plain(document)
	message := sprintf("%s takes requests without TLS: deny aws:SecureTransport false", [place(policy)])
}

denies_plain(document) if {
	some statement in inner(document, "statement")
	statement.arguments.effect == "Deny"
	some condition in inner(statement, "condition")
	condition.arguments.variable == "aws:SecureTransport"
	condition.arguments.values == ["false"]
}

deny contains message if {
	some block in resources("aws_cloudwatch_log_group")
	some argument in ["kms_key_id", "retention_in_days"]
	not block.arguments[argument]
	message := sprintf("%s has no %s", [place(block), argument])
}

deny contains message if {
	some block in resources("aws_kms_key")
	object.get(block.arguments, "enable_key_rotation", false) != true
	message := sprintf("%s never changes: set enable_key_rotation", [place(block)])
}

deny contains message if {
	some block in resources("aws_ecr_repository")
	block.arguments.image_tag_mutability != "IMMUTABLE"
	message := sprintf("%s lets a tag change what it names", [place(block)])
}

deny contains message if {
	some block in resources("aws_ecr_repository")
	count([one | some one in inner(block, "encryption_configuration"); one.arguments.encryption_type == "KMS"]) == 0
	message := sprintf("%s is not encrypted by a key of ours", [place(block)])
}
