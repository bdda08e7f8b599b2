"""A package from outside: one model, tokeniser, treebank format, protocol and splitter."""

from onlstm_parse.models import Entry

MEMORY = Entry("example_package.memory:Memory", "this example", "share that is replaced")
