"""Coupons that are placed and not at rest: asked about, returned, settled by hand."""
