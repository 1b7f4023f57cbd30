package gantry.image_digests_test

import data.gantry.image_digests

digest := concat("", ["sha256:", concat("", ["ab" | some _ in numbers.range(1, 32)])])

test_a_digest_passes_where_no_list_is_given if count(found("a.example/app:1", [])) == 1

test_with_and_without_a_tag if {
	every image in ["a.example:5000/app:1.2", "a.example:5000/app"] {
		pinned := sprintf("%s@%s", [image, digest])
		count(found(pinned, [])) == 0
		count(found(pinned, [sprintf("a.example:5000/app@%s", [digest])])) == 0
	}
}

test_an_image_outside_the_list_is_refused if {
	some message in found(sprintf("a.example/app:1@%s", [digest]), [sprintf("a.example/other@%s", [digest])])
	contains(message, "the bundle holds no such image")
}

test_a_malformed_digest_is_none if count(found("a.example/app@sha256:abc", [])) == 1

test_init_containers_too if {
	count(image_digests.violation) == 1 with input as {
		"review": {"object": {"metadata": {"namespace": "shop", "name": "x"}, "spec": {"initContainers": [{"name": "i", "image": "a:1"}]}}},
		"parameters": {},
	}
}

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 1},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
		parameters := object.union({}, {"exceptions": example.exceptions})
		count(image_digests.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

found(image, images) := messages if {
	messages := {violation.msg | some violation in image_digests.violation} with input as {
		"review": {"object": {"metadata": {"namespace": "shop", "name": "x"}, "spec": {"containers": [{"name": "app", "image": image}]}}},
		"parameters": {"images": images},
	}
}
