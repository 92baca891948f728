"""Forms turn text into values, and nothing more: what may be done with them is judged by the services."""
