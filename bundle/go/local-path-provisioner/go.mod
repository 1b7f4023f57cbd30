module gantry.platform/bundle/local-path-provisioner

go 1.26.0

tool github.com/rancher/local-path-provisioner

require github.com/rancher/local-path-provisioner v0.0.30
