"""What a person sees in the morning, and the way into the repository and back out."""
