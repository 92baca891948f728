"""The department as data."""
