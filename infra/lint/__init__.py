"""cfn-lint's rules of our own: what was decided once for every function, queue, table, alarm and parameter, held by `make check`."""
