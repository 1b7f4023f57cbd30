package gantry.required_labels_test

import data.gantry.required_labels

test_labels_with_values_pass if count(found({"team": "blue", "tier": "web"})) == 0

test_each_missing_label_is_named if found({"tier": "web"}) == {"label team is missing: set it on the Service"}

test_an_empty_label_is_missing if count(found({"team": "", "tier": "web"})) == 1

test_an_object_without_labels if {
	count(required_labels.violation) == 2 with input as {
		"review": {"object": {"kind": "Service", "metadata": {"namespace": "shop", "name": "x"}}},
		"parameters": {"labels": ["team", "tier"]},
	}
}

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 1},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {}}
		parameters := object.union({"labels": ["team"]}, {"exceptions": example.exceptions})
		count(required_labels.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

found(labels) := messages if {
	messages := {violation.msg | some violation in required_labels.violation} with input as {
		"review": {"object": {"kind": "Service", "metadata": {"namespace": "shop", "name": "x", "labels": labels}}},
		"parameters": {"labels": ["team", "tier"]},
	}
}
