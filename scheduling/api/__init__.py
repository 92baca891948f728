"""Orders, appointments and the worklist for other systems: the same services and sentences as the pages."""
