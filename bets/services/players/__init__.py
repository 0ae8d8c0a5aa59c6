"""Players, the names that providers know them by, and what providers are told of them."""
