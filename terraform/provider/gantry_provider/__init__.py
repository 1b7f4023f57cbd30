"""The provider `gantry`: machines of the collection gantry.platform, declared in OpenTofu or Terraform.

An adapter alone: what is done on the host is `module_utils/machines`, the same code that the module
`gantry.platform.machines` runs; what is refused is `module_utils/contract`, the same rules that preflight asks.
"""
