"""A flat notation: `// the / dog / barks`, one sentence a line."""

from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.format import Format, Sentence


def read(lines, file):
    for number, line in enumerate(lines, 1):
        if words := [word.strip() for word in line.removeprefix("//").split("/") if word.strip()]:
            yield Sentence(Tree("S", words), number)


SLASHES = Format(read, lambda head: head.startswith("//"), "none")
