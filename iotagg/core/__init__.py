"""What a flow is, what a file adds, and what a pair's history says: pure functions and frozen values."""
