"""Reports for other systems: the same services and sentences as the pages."""
