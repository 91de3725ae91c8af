"""Measurements: counts and ratios, so that they mean something on a machine that is not quiet."""
