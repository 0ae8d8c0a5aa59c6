"""What providers' servers ask for, carried out."""
