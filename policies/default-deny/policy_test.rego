package gantry.default_deny_test

import data.gantry.default_deny

all := {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}

test_one_policy_for_both_directions_passes if count(found("shop", {"all": all})) == 0

test_two_policies_pass if {
	count(found("shop", {
		"in": {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}},
		"out": {"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}},
	})) == 0
}

test_no_policy_is_refused if count(found("shop", {})) == 2

test_another_namespace_does_not_count if count(found("other", {"all": all})) == 2

test_a_missing_direction_is_named if {
	some message in found("shop", {"in": {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}})
	contains(message, "denies all egress")
}

test_a_policy_that_opens_something_does_not_count if {
	opened := {"spec": object.union(all.spec, {"ingress": [{"from": [{"podSelector": {}}]}]})}
	count(found("shop", {"all": opened})) == 1
}

test_a_policy_for_some_pods_does_not_count if {
	some_pods := {"spec": object.union(all.spec, {"podSelector": {"matchLabels": {"app": "x"}}})}
	count(found("shop", {"some": some_pods})) == 2
}

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 2},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {}}
		parameters := object.union({}, {"exceptions": example.exceptions})
		count(default_deny.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

found(namespace, policies) := messages if {
	messages := {violation.msg | some violation in default_deny.violation} with input as {
		"review": {"object": {"metadata": {"namespace": "shop", "name": "x"}, "spec": {}}},
		"parameters": {},
	}
		with data.inventory as {"namespace": {namespace: {"networking.k8s.io/v1": {"NetworkPolicy": policies}}}}
}
