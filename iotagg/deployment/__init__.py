"""Putting a stack into an account, and taking it out again."""
