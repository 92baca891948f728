"""What the lead changes: rooms, hours, people, shifts, protocols, settings, letter texts; each from a day on."""
