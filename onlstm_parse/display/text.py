"""A tree as text: one line of brackets, one JSON object, or a drawing with levels."""

from __future__ import annotations

import json

from onlstm_parse.tree import Child, Tree

BAR = 20  # cells of a level of 1


def brackets(tree: Tree) -> str:
    return tree.brackets()


def as_json(tree: Tree) -> str:
    """`{"tree": brackets, "words": [...], "levels": [...]}`; a level is null for a word that is not read.

    A tree with confidences has `spans` too: first word, last word + 1, and confidence of each bracket.
    """
    content: dict[str, object] = {"tree": tree.brackets(), "words": tree.leaves(), "levels": tree.levels}
    if tree.confidence is not None:
        content["spans"] = [
            (start, stop, round(sure, 4)) for start, stop, sure in tree.spans_with_confidence()
        ]
    return json.dumps(content, ensure_ascii=False)


def pretty(tree: Tree) -> str:
    """One word a line, its level as number and bar, and the tree as branches; ends with an empty line.

    A tree with confidences has that of each bracket behind its label.

    The drawing stands behind the numbers, so that words of any script and width stay aligned.

    >>> print(pretty(Tree("X", ["the", Tree("X", ["old", "dog"])], levels=[0.5, 0.25, 0.1])))
     0.50 ██████████           ├── the
                               └── X
     0.25 █████                    ├── old
     0.10 ██                       └── dog
    <BLANKLINE>
    """
    levels = iter(tree.levels or [None] * len(tree.leaves()))
    lines = []
    stack: list[tuple[Child, str, str]] = _children(tree, "")
    while stack:
        child, branch, indent = stack.pop()
        if isinstance(child, str):
            lines.append(f"{_bar(next(levels))} {branch}{child}")
        else:
            lines.append(f"{_bar(None)} {branch}{_head(child)}")
            stack.extend(_children(child, indent))
    return "\n".join([*lines, ""])


def _head(node: Tree) -> str:
    return node.label if node.confidence is None else f"{node.label} {node.confidence:.2f}"


def _children(tree: Tree, indent: str) -> list[tuple[Child, str, str]]:
    """The children in reverse, each with its branch and what its own children are indented by."""
    drawn = [(child, f"{indent}├── ", f"{indent}│   ") for child in tree.children[:-1]]
    drawn += [(child, f"{indent}└── ", f"{indent}    ") for child in tree.children[-1:]]
    return drawn[::-1]


def _bar(level: float | None) -> str:
    if level is None:
        return " " * (BAR + 6)
    return f"{level:5.2f} {'█' * round(level * BAR):<{BAR}}"
