"""Published models, one module each."""
