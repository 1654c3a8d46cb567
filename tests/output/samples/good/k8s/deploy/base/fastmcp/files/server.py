"""A tool server."""
