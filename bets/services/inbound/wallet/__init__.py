"""The seamless wallet that we host for a provider (gr8)."""
