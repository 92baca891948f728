"""The reports of the demonstration department."""
