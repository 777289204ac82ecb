"""Data contracts: row checks, go or no-go gate, run guard, and the page that explains every rule."""
