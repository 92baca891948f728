"""Text to values: what the lead changes."""
