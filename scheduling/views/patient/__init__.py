"""Pages that patients open by a mailed link, without an account and without scripts."""
