"""The page of the demo's admin that gives orders to the sandbox with a click."""
