"""What surrounds the functions: deployment, local stack, benchmarks."""
