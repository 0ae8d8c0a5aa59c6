"""From what a partner asks for to what the provider answered."""
