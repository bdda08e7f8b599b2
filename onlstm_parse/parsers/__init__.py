"""Parsers: sentences to trees. One file a kind; what all kinds share is in `base`."""
