"""The demonstration department: invented people, a believable past, a lively today, a filling future."""
