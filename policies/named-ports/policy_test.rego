package gantry.named_ports_test

import data.gantry.named_ports

test_names_that_begin_with_a_protocol_pass if {
	every name in ["http", "http-api", "grpc-xds"] {
		count(found({"ports": [{"port": 80, "name": name}]})) == 0
	}
}

test_other_names_are_refused if {
	every name in ["api", "httpapi", "metrics-http", ""] {
		count(found({"ports": [{"port": 80, "name": name}]})) == 1
	}
}

test_a_port_without_a_name_is_refused if count(found({"ports": [{"port": 80}]})) == 1

test_the_application_protocol_serves_as_well if count(found({"ports": [{"port": 80, "name": "api", "appProtocol": "http"}]})) == 0

test_udp_is_outside_the_mesh if count(found({"ports": [{"port": 53, "name": "dns", "protocol": "UDP"}]})) == 0

test_external_names_are_left_alone if count(found({"type": "ExternalName", "ports": [{"port": 80}]})) == 0

test_each_port_is_judged if count(found({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]})) == 2

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 1},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {"ports": [{"port": 80}]}}
		parameters := object.union({"protocols": ["http"]}, {"exceptions": example.exceptions})
		count(named_ports.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

found(spec) := messages if {
	messages := {violation.msg | some violation in named_ports.violation} with input as {
		"review": {"object": {"metadata": {"namespace": "shop", "name": "x"}, "spec": spec}},
		"parameters": {"protocols": ["grpc", "http"]},
	}
}
