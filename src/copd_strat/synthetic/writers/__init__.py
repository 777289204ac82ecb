"""The simulated tables in each layout; a writer knows its layout's files and nothing of the simulation."""
