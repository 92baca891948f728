"""Pages of the lead: the department as data, each change looked at before it is saved."""
