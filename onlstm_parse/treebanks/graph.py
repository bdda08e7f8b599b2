"""Turn graphs with crossing branches into trees, by the rule `raise`.

From the leaves up: if the words of a constituent are not contiguous, it keeps one block of them, and its
children in the other blocks become children of its parent. The block it keeps is the one with its head child,
if the treebank marks heads; otherwise the longest, the first of equal ones. Each such constituent is counted.
This is the usual way for German treebanks (Boyd 2007, who compares it with splitting the constituent).

Omitted: secondary edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from onlstm_parse.errors import FormatError
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks.format import Sentence

TOP = "VROOT"


class Node(NamedTuple):
    """A word or a constituent as the file gives it; `parent` is None if it has none."""

    id: str
    label: str
    parent: str | None
    is_head: bool
    word: str | None
    line: int
    column: int


@dataclass(slots=True, eq=False)
class _Part:
    """A word or a constituent that becomes a tree over leaves `start` to `stop - 1`."""

    node: Node
    above: _Part | None
    parts: list[_Part]
    start: int = 0
    stop: int = 0
    tree: Tree | None = None  # None too for a constituent without words


def to_sentence(nodes: Sequence[Node], file: Path, line: int) -> Sentence:
    """The tree over the words of `nodes`, which are in order. Nodes without a parent become children of
    VROOT.

    Raises FormatError if the nodes are no tree, or have no words.
    """
    top = _Part(Node("", TOP, None, False, None, line, 1), None, [])
    raised = 0
    for part in reversed(_parents_first(nodes, top, file)):
        if part.node.word is not None:
            part.tree = Tree(part.node.label, [part.node.word])
        elif blocks := _blocks(part):
            kept = blocks[0] if len(blocks) == 1 else _kept(blocks)
            if part.above:
                part.above.parts += [moved for block in blocks if block is not kept for moved in block]
            raised += len(blocks) > 1
            part.start, part.stop = kept[0].start, kept[-1].stop
            part.tree = Tree(part.node.label, [one.tree for one in kept if one.tree])
    if not top.tree:
        raise FormatError("expected a sentence, found one without words", file=file, line=line, column=1)
    only = top.tree.children[0]
    alone = len(top.tree.children) == 1 and isinstance(only, Tree) and not only.is_preterminal()
    return Sentence(only if alone else top.tree, line, raised)  # type: ignore[arg-type]


def _parents_first(nodes: Sequence[Node], top: _Part, file: Path) -> list[_Part]:
    parts: dict[str, _Part] = {}
    position = 0
    for node in nodes:
        if node.id in parts:
            raise _error("one node of each name", f"{node.id[:40]!r} again", node, file)
        parts[node.id] = _Part(node, None, [], position, position + 1)
        position += node.word is not None
    for part in parts.values():
        parent = part.node.parent
        above = top if parent is None else parts.get(parent)
        if above is None or above.node.word is not None:
            raise _error("a parent among the constituents", repr((parent or "")[:40]), part.node, file)
        part.above = above
        above.parts.append(part)
    order = [top]
    for part in order:  # grows on the way
        order.extend(part.parts)
    if len(order) <= len(parts):
        reached = set(map(id, order))
        lost = next(part.node for part in parts.values() if id(part) not in reached)
        raise _error("a tree", f"a circle around {lost.id[:40]!r}", lost, file)
    return order


def _blocks(part: _Part) -> list[list[_Part]]:
    """The parts that have words, in order, cut where the next one is not adjacent."""
    blocks: list[list[_Part]] = []
    for one in sorted((one for one in part.parts if one.tree), key=lambda one: one.start):
        if blocks and blocks[-1][-1].stop == one.start:
            blocks[-1].append(one)
        else:
            blocks.append([one])
    return blocks


def _kept(blocks: list[list[_Part]]) -> list[_Part]:
    """The block that the constituent keeps."""
    with_head = (block for block in blocks if any(one.node.is_head for one in block))
    longest = max(blocks, key=lambda block: block[-1].stop - block[0].start)
    return next(with_head, longest)


def _error(expected: str, found: str, node: Node, file: Path) -> FormatError:
    problem = f"expected {expected}, found {found}"
    return FormatError(problem, file=file, line=node.line, column=node.column)
