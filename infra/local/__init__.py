"""The local stack: emulated org, emulated AWS, and a host for the functions, wired from `template.yaml`."""
