"""The verbs of fees, by subject."""
