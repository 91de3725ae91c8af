"""The loop: what finds changes, applies them, and sends ours; each run within the API budget."""
