"""Which leaves count as words, by name; what is left of a tree without the others.

Every filter drops empty elements (`-NONE-`), and phrases left empty go with
them. `penn-words` is the published English setting: the 36 word tags of the
Penn Treebank, so neither punctuation nor currency signs (Shen et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

from onlstm_parse.tree import Child, Tree

PENN_WORD_TAGS = frozenset(
    """CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH
    VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB""".split()  # noqa: SIM905
)
EMPTY = "-NONE-"
ROOTS = ("", "ROOT", "TOP")


def penn_words(word: str, tag: str | None) -> bool:
    """Keep leaves with one of the Penn Treebank's 36 word tags."""
    return tag in PENN_WORD_TAGS


def unicode_words(word: str, tag: str | None) -> bool:
    """Keep leaves with a letter or a digit, in any script."""
    return tag != EMPTY and any(character.isalnum() for character in word)


def every_leaf(word: str, tag: str | None) -> bool:
    """Keep everything but empty elements."""
    return tag != EMPTY


def prune(tree: Tree, keep: Sequence[bool]) -> Tree | None:
    """The tree over the leaves that are kept; None where none is."""
    kept = iter(keep)

    def node(tree: Tree, children: list[Child | None]) -> Child | None:
        left = [child for child in children if child is not None]
        return Tree(tree.label, left) if left else None

    pruned = tree.fold(lambda leaf: leaf if next(kept) else None, node)
    return pruned if isinstance(pruned, Tree) else None


def unwrap(tree: Tree) -> Tree:
    """Without the outer bracket that only holds a tree together, `( (S ...) )` or `(ROOT (S ...))`.

    Over several children, `( (S ...) (. .) )`, it is a constituent like others: it
    stays, as X, the Penn label of the unknown, so that unwrapping again changes nothing.
    """
    while tree.label in ROOTS and not tree.is_preterminal():
        if len(tree.children) > 1:
            return Tree("X", tree.children)
        if not tree.children:
            break
        tree = tree.children[0]  # type: ignore[assignment]
    return tree
