"""Who a patient record is: two records become one, and somebody unknown gets a name."""
