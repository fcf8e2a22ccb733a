"""Who talks to whom, how much, and whether today is normal: exact totals per pair of devices and day."""

__version__ = "0.1.0"
