"""The worker as a service of a Linux machine."""
