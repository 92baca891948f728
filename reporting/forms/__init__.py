"""Text to values. What a report may say is judged by the services."""
