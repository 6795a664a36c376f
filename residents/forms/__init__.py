"""What people may type about homes and who lives there, each form with its own words."""
