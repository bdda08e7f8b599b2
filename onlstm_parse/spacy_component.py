"""A component for spaCy: `nlp.add_pipe("onlstm_parse")` gives every sentence its tree.

    doc = nlp("The old dog near the river barks.")
    doc._.tree            # the tree of the document; with several sentences, a node over their trees
    doc._.trees           # one tree a sentence; trees from elsewhere can be set
    next(doc.sents)._.tree

Without a component that finds sentences, a document is one sentence. White space tokens are in no tree.
"""

from __future__ import annotations

from collections.abc import Iterable

from spacy.language import Language
from spacy.tokens import Doc, Span

from onlstm_parse.parsers.base import Parser, load
from onlstm_parse.tree import Tree

KEY = "onlstm_parse.trees"  # in doc.user_data, as plain strings and lists: so `to_bytes` works


@Language.factory("onlstm_parse", default_config={"run": "en", "rule": None, "layer": None})
def make_component(nlp: Language, name: str, run: str, rule: str | None, layer: int | None) -> TreeComponent:
    """`run` is a run folder, a pretrained parser, or "hf://owner/name"; `rule` and `layer` as in `load`."""
    return TreeComponent(load(run, rule=rule, layer=layer))


class TreeComponent:
    def __init__(self, parser: Parser) -> None:
        self.parser = parser

    def __call__(self, doc: Doc) -> Doc:
        words = [[token.text for token in sentence if not token.is_space] for sentence in _sentences(doc)]
        _set_trees(doc, self.parser.parse_words(words))
        return doc


def _sentences(doc: Doc) -> list[Span]:
    return list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]


def _trees(doc: Doc) -> list[Tree] | None:
    """None for a document that the component has not seen."""
    if KEY not in doc.user_data:
        return None
    found = []
    for brackets, levels in doc.user_data[KEY]:
        tree = Tree.from_brackets(brackets)
        found.append(Tree(tree.label, tree.children, levels or None))
    return found


def _set_trees(doc: Doc, trees: Iterable[Tree]) -> None:
    """Give a document trees of any origin, one a sentence."""
    doc.user_data[KEY] = [[tree.brackets(), list(tree.levels or [])] for tree in trees]


def _tree(doc: Doc) -> Tree | None:
    trees = _trees(doc)
    return trees[0] if trees and len(trees) == 1 else Tree("X", trees) if trees else None


def _tree_of_sentence(span: Span) -> Tree | None:
    """The tree of the sentence that begins where `span` begins; None for other spans."""
    starts = [sentence.start for sentence in _sentences(span.doc)]
    trees = _trees(span.doc)
    return trees[starts.index(span.start)] if trees and span.start in starts else None


Doc.set_extension("trees", getter=_trees, setter=_set_trees, force=True)
Doc.set_extension("tree", getter=_tree, force=True)
Span.set_extension("tree", getter=_tree_of_sentence, force=True)
