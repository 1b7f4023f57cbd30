package gantry.probes_test

import data.gantry.probes

ready := {"name": "app", "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}

test_a_ready_container_passes if count(found({"containers": [ready]})) == 0

test_a_missing_probe_is_named if {
	found({"containers": [{"name": "app"}]}) == {`container "app" has no readinessProbe: set one`}
}

test_jobs_are_left_alone if {
	every policy in ["Never", "OnFailure"] {
		count(found({"restartPolicy": policy, "containers": [{"name": "app"}]})) == 0
	}
}

test_init_containers_finish_and_sidecars_serve if {
	count(found({"containers": [ready], "initContainers": [{"name": "i"}]})) == 0
	count(found({"containers": [ready], "initContainers": [{"name": "i", "restartPolicy": "Always"}]})) == 1
}

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 1},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {"containers": [{"name": "app"}]}}
		parameters := object.union({"probes": ["readinessProbe"]}, {"exceptions": example.exceptions})
		count(probes.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

found(spec) := messages if {
	messages := {violation.msg | some violation in probes.violation} with input as {
		"review": {"object": {"metadata": {"namespace": "shop", "name": "x"}, "spec": spec}},
		"parameters": {"probes": ["readinessProbe"]},
	}
}
