"""Pages about the project, and what writes those that are generated: `make docs`."""
