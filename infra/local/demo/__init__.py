"""A story of working days, told over HTTP only, reading both sides after every step: `make demo`.

Everything goes through the front doors: the Command Center's API with a person's id token, the org's REST API with the same
person's access token. What no front door offers - moving all clocks, a new validation rule - goes over the local stack's and the
org's control resources. A step holds when both sides show what its rule promises, within the time allowed; one that does not hold
makes the program exit with 1.
"""
