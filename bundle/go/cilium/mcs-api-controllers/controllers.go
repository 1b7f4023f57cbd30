// Package controllers stands in for sigs.k8s.io/mcs-api/controllers, whose module cannot be resolved on its own.
// Cilium's operator needs one constant of it, and only for multi-cluster services, which this platform does not use.
package controllers

// DerivedServiceAnnotation names the derived Service of a ServiceImport (KEP-1645).
const DerivedServiceAnnotation = "multicluster.kubernetes.io/derived-service"
