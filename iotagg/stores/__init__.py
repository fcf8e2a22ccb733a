"""Where contributions and their sums are kept: one small protocol, and what stands behind it."""
