# Least privilege: no wildcard that no condition narrows, no key of a person, no policy of AWS that may do everything.
package terraform

import rego.v1

allowing := [{"document": document, "statement": statement} |
	some document in documents
	some statement in inner(document, "statement")
	object.get(statement.arguments, "effect", "Allow") == "Allow"
]

# A key's policy is about that key alone: "*" names it, and the account must be able to administer it.
of_a_key(document) if document.directory == "modules/key"

deny contains message if {
	some one in allowing
	some action in one.statement.arguments.actions
	contains(action, "*")
	not of_a_key(one.document)
	message := sprintf("%s allows %s: name the actions", [place(one.document), action])
}

deny contains message if {
	some one in allowing
	some action in one.statement.arguments.actions
	contains(action, "*")
	of_a_key(one.document)
	object.get(one.statement.arguments, "sid", "") != "Account"
	message := sprintf("%s allows %s: name the actions", [place(one.document), action])
}

deny contains message if {
	some one in allowing
	"*" in object.get(one.statement.arguments, "resources", [])
	not of_a_key(one.document)
	message := sprintf("%s allows its actions on everything: name the resources", [place(one.document)])
}

deny contains message if {
	some one in allowing
	some argument in ["not_actions", "not_resources"]
	one.statement.arguments[argument]
	message := sprintf("%s allows all but %s: name what is allowed", [place(one.document), argument])
}

deny contains message if {
	some one in allowing
	some principal in inner(one.statement, "principals")
	"*" in principal.arguments.identifiers
	count(inner(one.statement, "condition")) < 2
	message := sprintf("%s trusts everyone: narrow it by conditions", [place(one.document)])
}

deny contains message if {
	some block in resources("aws_iam_role_policy_attachment")
	some word in ["AdministratorAccess", "PowerUserAccess", "FullAccess", "IAMFullAccess"]
	contains(block.arguments.policy_arn, word)
	message := sprintf("%s gives %s: choose a policy of what is needed", [place(block), word])
}

deny contains message if {
	some type in ["aws_iam_user", "aws_iam_access_key", "aws_iam_user_policy"]
	some block in resources(type)
	message := sprintf("%s makes credentials that last: use roles", [place(block)])
}
