"""What the API takes and gives: text to values and back."""
