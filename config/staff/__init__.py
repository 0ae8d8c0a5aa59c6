"""What every admin page is made of. It knows no players, coupons, providers or accounts."""
