package gantry.resources_test

import data.gantry.resources

full := {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}}

test_requests_and_limits_pass if count(found({"containers": [{"name": "app", "resources": full}]})) == 0

test_each_missing_one_is_named if {
	found({"containers": [{"name": "app", "resources": {"requests": {"cpu": "10m"}}}]}) == {
		`container "app" has no memory request: set resources.requests.memory`,
		`container "app" has no memory limit: set resources.limits.memory`,
	}
}

test_a_container_without_resources if count(found({"containers": [{"name": "app"}]})) == 3

test_init_containers_too if count(found({"initContainers": [{"name": "i"}]})) == 3

test_ephemeral_containers_have_none if count(found({"ephemeralContainers": [{"name": "debug"}]})) == 0

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 1},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {"containers": [{"name": "app"}]}}
		parameters := object.union({"limits": ["memory"]}, {"exceptions": example.exceptions})
		count(resources.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

found(spec) := messages if {
	messages := {violation.msg | some violation in resources.violation} with input as {
		"review": {"object": {"metadata": {"namespace": "shop", "name": "x"}, "spec": spec}},
		"parameters": {"requests": ["cpu", "memory"], "limits": ["memory"]},
	}
}
