"""What is known, what is in flight, what is done, and what is next and when. Pure state."""
