# Nothing is reached from outside but by CloudFront, and everything that travels is encrypted.
package terraform

import rego.v1

deny contains message if {
	some block in resources("aws_vpc_security_group_ingress_rule")
	some argument in ["cidr_ipv4", "cidr_ipv6"]
	block.arguments[argument] in {"0.0.0.0/0", "::/0"}
	message := sprintf("%s lets everyone in: name the networks", [place(block)])
}

deny contains message if {
	some block in resources("aws_security_group")
	some argument in ["ingress", "egress"]
	some found in array.concat(inner(block, argument), [given | given := block.arguments[argument]])
	message := sprintf("%s has rules of its own (%s, %d): give each rule a resource", [place(block), argument, count(found)])
}

deny contains message if {
	some block in resources("aws_subnet")
	object.get(block.arguments, "map_public_ip_on_launch", false) != false
	message := sprintf("%s gives instances public addresses", [place(block)])
}

deny contains message if {
	some block in resources("aws_eks_cluster")
	some network in inner(block, "vpc_config")
	[object.get(network.arguments, "endpoint_private_access", false), object.get(network.arguments, "endpoint_public_access", true)] != [true, false]
	message := sprintf("%s has an API outside its network: private access alone", [place(block)])
}

deny contains message if {
	some block in resources("aws_lb")
	object.get(block.arguments, "internal", false) != true
	message := sprintf("%s faces the internet: CloudFront reaches an internal one", [place(block)])
}

deny contains message if {
	some block in resources("aws_lb_listener")
	not startswith(object.get(block.arguments, "ssl_policy", ""), "ELBSecurityPolicy-TLS13-")
	message := sprintf("%s serves without TLS 1.3", [place(block)])
}

deny contains message if {
	some block in resources("aws_cloudfront_distribution")
	some behaviour in array.concat(inner(block, "ordered_cache_behavior"), inner(block, "default_cache_behavior"))
	not behaviour.arguments.viewer_protocol_policy in {"redirect-to-https", "https-only"}
	message := sprintf("%s serves without TLS", [place(block)])
}

deny contains message if {
	some block in resources("aws_cloudfront_distribution")
	not block.arguments.web_acl_id
	message := sprintf("%s has no firewall", [place(block)])
}
