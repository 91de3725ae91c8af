"""The pure half: values and rules. Standard library and itself only; no clock, no network, no environment."""
