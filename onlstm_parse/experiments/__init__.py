"""Runs that are made of other runs."""
