"""The doors of the roof: pages that see many apps."""
