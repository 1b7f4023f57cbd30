package gantry.service_account_token_test

import data.gantry.service_account_token

quiet := {"automountServiceAccountToken": false}

test_a_pod_without_a_token_passes if count(found({}, quiet)) == 0

test_the_default_mounts_one if count(found({}, {})) == 1

test_a_mounted_one_is_refused if count(found({}, {"automountServiceAccountToken": true})) == 1

test_a_declared_one_passes if {
	count(found({"annotations": {"platform.gantry.dev/service-account-token": "watches pods"}}, {})) == 0
	count(found({"annotations": {"platform.gantry.dev/service-account-token": " "}}, {})) == 1
}

test_a_projected_token_for_the_api_server_is_refused if {
	volume := {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
	count(found({}, object.union(quiet, {"volumes": [volume]}))) == 1
}

test_a_projected_token_for_another_audience_passes if {
	volume := {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "istio-ca"}}]}}
	count(found({}, object.union(quiet, {"volumes": [volume]}))) == 0
}

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 1},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {}}
		parameters := object.union({}, {"exceptions": example.exceptions})
		count(service_account_token.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

found(metadata, spec) := messages if {
	messages := {violation.msg | some violation in service_account_token.violation} with input as {
		"review": {"object": {"metadata": object.union({"namespace": "shop", "name": "x"}, metadata), "spec": spec}},
		"parameters": {},
	}
}
