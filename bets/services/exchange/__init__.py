"""Orders at a betting exchange: place, watch and cancel them, and what staff decide by hand."""
