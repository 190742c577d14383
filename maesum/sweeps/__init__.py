"""Reproduce tables of the paper: find the jobs that fill them, and run those that are not done."""
