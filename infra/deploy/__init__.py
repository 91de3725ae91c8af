"""The guided deploy: from a clone to a running service, its doctor, its canary, and the way back. `make deploy` starts it."""
