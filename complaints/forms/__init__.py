"""What people may type about a case, each form with its own words."""
