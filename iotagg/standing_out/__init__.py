"""What stands out, read from a store without looking through it; and how it is told."""
