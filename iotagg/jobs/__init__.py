"""What a worker does with one message: summarize an object, consolidate chunks; and the sweep after both."""
