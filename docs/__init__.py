"""What keeps the documentation true: the reference is made from the program, and every session is run again."""
