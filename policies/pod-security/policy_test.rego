package gantry.pod_security_test

import data.gantry.pod_security

test_a_restricted_pod_passes if count(found({}, {})) == 0

test_the_pods_settings_serve_all_its_containers if {
	count(found({}, {"securityContext": {"runAsNonRoot": null, "seccompProfile": null}})) > 0
	count(found_in({"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}}, [bare])) == 0
}

test_each_breach_is_named if {
	every breach in [
		{"pod": {"hostNetwork": true}, "says": "hostNetwork is true"},
		{"pod": {"hostPID": true}, "says": "hostPID is true"},
		{"pod": {"hostIPC": true}, "says": "hostIPC is true"},
		{"pod": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "says": `volume "v" is a hostPath`},
		{"pod": {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, "says": "kernel.msgmax"},
		{"container": {"ports": [{"containerPort": 80, "hostPort": 80}]}, "says": "binds host port 80"},
		{"container": {"securityContext": {"privileged": true}}, "says": "is privileged"},
		{"container": {"securityContext": {"allowPrivilegeEscalation": true}}, "says": "may gain privileges"},
		{"container": {"securityContext": {"capabilities": {"drop": []}}}, "says": "keeps default capabilities"},
		{"container": {"securityContext": {"capabilities": {"add": ["SYS_TIME"]}}}, "says": "adds capability SYS_TIME"},
		{"container": {"securityContext": {"runAsNonRoot": false}}, "says": "may run as root"},
		{"container": {"securityContext": {"runAsUser": 0}}, "says": "runs as user 0"},
		{"container": {"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, "says": "seccomp profile Unconfined"},
		{"container": {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}, "says": "AppArmor profile Unconfined"},
		{"container": {"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}, "says": `SELinux type "spc_t"`},
		{"container": {"securityContext": {"seLinuxOptions": {"user": "root"}}}, "says": `SELinux user "root"`},
		{"container": {"securityContext": {"procMount": "Unmasked"}}, "says": "mounts /proc as Unmasked"},
		{"container": {"securityContext": {"windowsOptions": {"hostProcess": true}}}, "says": "Windows host process"},
	] {
		messages := found(object.get(breach, "container", {}), object.get(breach, "pod", {}))
		print(breach.says, messages)
		count(messages) == 1
		some message in messages
		contains(message, breach.says)
	}
}

test_init_and_ephemeral_containers_are_judged if {
	every field in ["initContainers", "ephemeralContainers"] {
		count(found({}, {field: [object.union(bare, {"securityContext": {"privileged": true}})]})) == 1
	}
}

test_an_injected_container_may_do_what_is_listed_and_no_more if {
	injected := {"name": "init", "image": "registry.example/mesh/proxy:1.2", "securityContext": {
		"runAsNonRoot": false, "runAsUser": 0,
		"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
	}}
	count(found({}, {"initContainers": [injected]})) == 0
	count(found({}, {"initContainers": [object.union(injected, {"image": "other:1"})]})) == 4
	worse := {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}
	count(found({}, {"initContainers": [object.union(injected, worse)]})) == 1
}

test_exceptions_name_objects if {
	every example in [
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/agent-*"], "found": 0},
		{"metadata": {"generateName": "agent-"}, "exceptions": ["other/*", "system/agent-*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/*"], "found": 0},
		{"metadata": {"name": "agent-x1"}, "exceptions": ["system/other-*", "agent-x1"], "found": 1},
	] {
		offender := {"kind": "Pod", "metadata": object.union({"namespace": "system"}, example.metadata), "spec": {"hostNetwork": true}}
		parameters := object.union({}, {"exceptions": example.exceptions})
		count(pod_security.violation) == example.found with input as {"review": {"object": offender}, "parameters": parameters}
	}
}

bare := {"name": "app", "image": "app:1", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}

found(container, pod) := found_in(object.union(safe, pod), [object.union(bare, container)])

found_in(pod, containers) := messages if {
	messages := {violation.msg | some violation in pod_security.violation} with input as {
		"review": {"object": {"metadata": {"namespace": "shop", "name": "app"}, "spec": object.union(pod, {"containers": containers})}},
		"parameters": {"injectedImages": ["registry.example/mesh/proxy:*"], "injectedCapabilities": ["NET_ADMIN", "NET_RAW"]},
	}
}

safe := {"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}}
