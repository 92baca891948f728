"""The department over the API: the same services as the lead's pages, each change from a day on."""
