"""The toolkit's version: part of every run and of every score's signature."""

VERSION = "0.1.0"
