"""What happens to a coupon, what it posts, and in which order everything locks."""
