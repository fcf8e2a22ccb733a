"""Measurements of what iotagg costs and how fast it is: `python -m bench.NAME`, each of which says what it measures.

They run against the engine that stands in for AWS, on this machine. Ratios mean something; absolute figures do not.
"""
