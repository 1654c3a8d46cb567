"""Checks of a generated tree against the published schemas, charts and house rules.

One module a subject; `check_output.py` beside this package calls them in order.
"""
