"""Packages: what Lambda and machines run, in one zip each, made of what is installed."""
