"""EMIS: search reports as CSV files, and the bulk extract, version 8.2, with its daily changes."""
