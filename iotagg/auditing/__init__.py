"""What an audit is made of: what it says, what it reads of each file, and what it puts aside to compare."""
