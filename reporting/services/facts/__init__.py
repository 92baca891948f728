"""The rows that the department's numbers are counted from, derived from the state of everything else."""
