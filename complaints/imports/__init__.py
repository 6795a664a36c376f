"""History from elsewhere: spreadsheets of other systems become cases (docs/importing.md)."""
