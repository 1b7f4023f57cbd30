package gantry.one_autoscaler_test

import data.gantry.one_autoscaler

target := {"apiVersion": "apps/v1", "kind": "Deployment", "name": "catalog"}

test_a_second_autoscaler_that_acts_is_refused if {
	count(found(vertical("Recreate", target), horizontals(target))) == 1
	count(found(horizontal(target), verticals("Initial", target))) == 1
}

test_one_that_only_recommends_passes if {
	count(found(vertical("Off", target), horizontals(target))) == 0
	count(found(horizontal(target), verticals("Off", target))) == 0
}

test_without_a_mode_it_acts if {
	silent := json.remove(vertical("Off", target), ["spec/updatePolicy"])
	count(found(silent, horizontals(target))) == 1
}

test_another_workload_does_not_count if {
	every other in [
		object.union(target, {"name": "basket"}),
		object.union(target, {"kind": "StatefulSet"}),
		object.union(target, {"apiVersion": "argoproj.io/v1alpha1"}),
	] {
		count(found(vertical("Recreate", target), horizontals(other))) == 0
		count(found(horizontal(target), verticals("Recreate", other))) == 0
	}
}

test_another_namespace_does_not_count if {
	count(found(vertical("Recreate", target), {"other": horizontals(target).shop})) == 0
}

test_alone_it_passes if count(found(vertical("Recreate", target), {})) == 0

test_the_message_names_both if {
	some message in found(horizontal(target), verticals("Recreate", target))
	contains(message, "Deployment \"catalog\" has the VerticalPodAutoscaler \"v\"")
}

test_exceptions_name_objects if {
	count(one_autoscaler.violation) == 0 with data.inventory as {"namespace": horizontals(target)}
		with input as {
			"review": {"object": vertical("Recreate", target)},
			"parameters": {"exceptions": ["shop/v*"]},
		}
}

vertical(mode, to) := {
	"kind": "VerticalPodAutoscaler",
	"metadata": {"namespace": "shop", "name": "v"},
	"spec": {"targetRef": to, "updatePolicy": {"updateMode": mode}},
}

horizontal(to) := {
	"kind": "HorizontalPodAutoscaler",
	"metadata": {"namespace": "shop", "name": "h"},
	"spec": {"scaleTargetRef": to},
}

verticals(mode, to) := {"shop": {"autoscaling.k8s.io/v1": {"VerticalPodAutoscaler": {"v": vertical(mode, to)}}}}

horizontals(to) := {"shop": {"autoscaling/v2": {"HorizontalPodAutoscaler": {"h": horizontal(to)}}}}

found(object_, inventory) := messages if {
	messages := {violation.msg | some violation in one_autoscaler.violation} with data.inventory as {"namespace": inventory}
		with input as {"review": {"object": object_}, "parameters": {}}
}
