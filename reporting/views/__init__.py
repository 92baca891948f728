"""Pages of the physicians who read, and of the referrers who wait for the result."""
