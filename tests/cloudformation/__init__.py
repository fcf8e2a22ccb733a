"""The templates: what they promise, whether they agree with the code, and whether an engine takes them."""
