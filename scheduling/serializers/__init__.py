"""What the API takes and gives: JSON to values and back, and nothing more."""
