"""Measurements of this project beside the usual way, both in one run: `make bench`."""
