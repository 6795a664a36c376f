"""Measures the pages and the sweep against a floor of the same run, see docs/performance.md: `make bench`."""
