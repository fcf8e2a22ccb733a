"""What a stack costs in a month: traffic, what it uses of AWS, and prices that have a date."""
