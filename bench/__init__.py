"""Measures the pages and the sweep against a floor of the same run; `make bench`. What it finds is in docs/performance.md."""
