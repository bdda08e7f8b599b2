"""The built-in grammars, installed as data; see README.md."""
