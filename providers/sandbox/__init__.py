"""A server that stands in for the betting providers: it speaks their wire, and takes orders."""
