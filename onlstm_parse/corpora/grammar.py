"""Probabilistic context-free grammars in a small text notation, and sampling from them.

The README beside the grammars describes the notation. Reading a grammar runs no code. A malformed rule, or a
symbol that is undefined, unproductive or unreachable, raises FormatError with file and line. Probabilities
are given in the grammar, not estimated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, product
from math import inf, prod
from os import PathLike
from random import Random
from typing import NamedTuple

from onlstm_parse.errors import FormatError
from onlstm_parse.registry import nearest
from onlstm_parse.text.reading import decoded_lines
from onlstm_parse.tree import Tree

MAX_DEPTH = 24  # symbols on a path from the start symbol to a word
MAX_TOKENS = 40
_TRIES = 1000
_COMMENT = re.compile(r"(^|\s)#.*")
_ITEM = re.compile(r"([^\s\[\],?]+|,)(\[[^\s\[\]?]+\])?(\?(?P<chance>0?\.\d+))?")
_FEATURE = re.compile(r"(?<=[\[,])[^\[\],]+")
_WEIGHT = re.compile(r"\d+(\.\d+)?|\.\d+")
_ATTACHED = re.compile(r" (?=[,.?]( |$)|'s |n't )")
Token = tuple[str, int]  # and the line of its rule


class Rule(NamedTuple):
    """One way to rewrite a symbol; each item is present with its own probability."""

    weight: float
    items: tuple[tuple[str, float], ...]
    line: int


class Grammar:
    """Rules and word lists by symbol. The symbol of the first rule is the start symbol.

    >>> lines = ["S -> NP VP", "NP = dogs cats", "VP = sleep"]
    >>> str(Grammar(lines).sample(Random(1)))
    '(S (NP Cats) (VP sleep))'
    """

    def __init__(self, lines: list[str], file: str | PathLike[str] | None = None) -> None:
        self.file = file
        self.joined = False  # written without spaces
        self.vowel: tuple[str, ...] = ()  # a, an
        self.features: dict[str, tuple[str, ...]] = {}
        self.rules: dict[str, list[Rule]] = {}
        self.words: dict[str, list[str]] = {}
        for statement in _statements(lines):
            self._add(statement)
        self.start = next(iter(self.rules), "")
        self._check()
        self._choices: dict[tuple[str, int], tuple[list[Rule], list[float]]] = {}
        # Zipf: the k-th word of a list weighs 1 / (k + 1)
        self._sums = {
            symbol: list(accumulate(1 / (k + 2) for k in range(len(words))))
            for symbol, words in self.words.items()
        }

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Grammar:
        with decoded_lines(path) as lines:
            return cls(list(lines), path)

    # -- reading ---------------------------------------------------------

    def _error(self, problem: str, line: int | None, remedy: str | None = None) -> FormatError:
        return FormatError(problem, file=self.file, line=line, remedy=remedy)

    def _add(self, statement: list[Token]) -> None:
        (head, line), rest = statement[0], statement[1:]
        match [token for token, _ in rest]:
            case ["spaced" | "joined" as way] if head == "@text":
                self.joined = way == "joined"
            case [_, _] as words if head == "@vowel":
                self.vowel = tuple(words)
            case [name, _, *_] as values if head == "@feature":
                self.features[name] = tuple(values[1:])
            case ["=", _, *_] as words if self._symbol((head, line)) and head not in self.words:
                self.words[head] = words[1:]
            case ["->", _, *_]:
                self._add_rules(head, rest[1:], line)
            case _:
                found = " ".join(token for token, _ in statement)[:60]
                remedy = "write each word list once, and @text, @vowel, @feature as in the README"
                raise self._error(f"expected SYMBOL -> ... or SYMBOL = words, found {found!r}", line, remedy)

    def _add_rules(self, head: str, tokens: list[Token], line: int) -> None:
        """Add each alternative once for each value of the features it names.

        If the head does not name a feature, its values share the weight of the alternative.
        """
        head_names = self._names(self._symbol((head, line))[0])
        alternatives: list[list[Token]] = [[]]
        for token in tokens:
            if token[0] == "|":
                alternatives.append([])
            else:
                alternatives[-1].append(token)
        for alternative in alternatives:
            place = alternative[0][1] if alternative else line
            weight = 1.0
            if alternative and _WEIGHT.fullmatch(alternative[0][0]):
                weight = float(alternative.pop(0)[0])
            items = [self._symbol(token) for token in alternative]
            if not weight or all(chance < 1 for _, chance in items):
                problem = f"an alternative of {head} has no weight or can be empty"
                raise self._error(problem, place, "write at least one symbol without '?'")
            names = dict.fromkeys(head_names + [n for symbol, _ in items for n in self._names(symbol)])
            weight /= prod(len(self.features[name]) for name in names if name not in head_names)
            for values in product(*(self.features[name] for name in names)):
                bound = dict(zip(names, values, strict=True))
                filled = tuple((_fill(symbol, bound), chance) for symbol, chance in items)
                self.rules.setdefault(_fill(head, bound), []).append(Rule(weight, filled, place))

    def _symbol(self, token: Token) -> tuple[str, float]:
        """The symbol and its probability."""
        if match := _ITEM.fullmatch(token[0]):
            return token[0].partition("?")[0], float(match["chance"] or 1)
        remedy = "write NP, NP[sg], or NP?.5 for one with probability one half"
        raise self._error(f"expected a symbol, found {token[0]!r}", token[1], remedy)

    def _names(self, symbol: str) -> list[str]:
        return [value for value in _FEATURE.findall(symbol) if value in self.features]

    # -- checking --------------------------------------------------------

    def _check(self) -> None:
        known = [*self.rules, *self.words]
        for symbol, rules in self.rules.items():
            if symbol in self.words:
                raise self._error(f"{symbol} has both rules and a word list", rules[0].line)
            for rule in rules:
                for item, _ in rule.items:
                    if item not in self.rules and item not in self.words:
                        raise self._error(f"{item} is never defined", rule.line, nearest(item, known))
        self.heights = self._heights()
        reached = self._reached()
        for symbol in known:
            line = self.rules[symbol][0].line if symbol in self.rules else None
            if self.heights[symbol] == inf:
                raise self._error(f"{symbol} never ends in words", line, "give it a way out")
            if symbol not in reached:
                raise self._error(f"{symbol} is never reached from {self.start or 'a rule'}", line)
        if self.heights.get(self.start, inf) > MAX_DEPTH:
            raise self._error(f"expected a rule with a tree at most {MAX_DEPTH} deep, found none", None)

    def _heights(self) -> dict[str, float]:
        """The smallest depth of a tree under each symbol; infinite if there is no tree."""
        heights: dict[str, float] = dict.fromkeys(self.rules, inf) | dict.fromkeys(self.words, 1)
        before = None
        while heights != before:
            before = dict(heights)
            for symbol, rules in self.rules.items():
                heights[symbol] = min(_height(rule, heights) for rule in rules)
        return heights

    def _reached(self) -> set[str]:
        seen = {self.start}
        waiting = [self.start]
        while waiting:
            rules = self.rules.get(waiting.pop(), [])
            new = {item for rule in rules for item, _ in rule.items} - seen
            seen |= new
            waiting += new
        return seen

    # -- sampling --------------------------------------------------------

    def sample(self, rng: Random) -> Tree:
        """Draw a sentence of at most MAX_TOKENS tokens, with its tree and its spelling."""
        for _ in range(_TRIES):
            words: list[str] = []
            nodes = self._expand(self.start, MAX_DEPTH, rng, words)
            if len(words) <= MAX_TOKENS:
                tree = nodes[0] if len(nodes) == 1 else Tree(_label(self.start), nodes)
                return _with_leaves(tree, iter(self._spelt(words)))
        raise self._error(f"{_TRIES} sentences were all longer than {MAX_TOKENS} tokens", None)

    def _expand(self, symbol: str, depth: int, rng: Random, words: list[str]) -> list[Tree]:
        """The nodes for a symbol: one, or those below it if its name begins with `_`.

        Words are added to `words`. Expansion stops when there are too many.
        """
        if len(words) > MAX_TOKENS:
            return []
        if symbol in self.words:
            words += rng.choices(self.words[symbol], cum_weights=self._sums[symbol])
            return [Tree(_label(symbol), words[-1:])]
        if (symbol, depth) not in self._choices:
            rules = [rule for rule in self.rules[symbol] if _height(rule, self.heights) <= depth]
            self._choices[symbol, depth] = rules, list(accumulate(rule.weight for rule in rules))
        rules, sums = self._choices[symbol, depth]
        nodes: list[Tree] = []
        for item, chance in rng.choices(rules, cum_weights=sums)[0].items:
            if chance == 1 or (rng.random() < chance and self.heights[item] < depth):
                nodes += self._expand(item, depth - 1, rng, words)
        return nodes if symbol.startswith("_") else [Tree(_label(symbol), nodes)]

    def _spelt(self, words: list[str]) -> list[str]:
        for k, following in enumerate(words[1:]):
            if self.vowel and words[k] == self.vowel[0] and following[0] in "aeiou":
                words[k] = self.vowel[1]
        return words if self.joined else [words[0][0].upper() + words[0][1:], *words[1:]]

    def text(self, tree: Tree) -> str:
        """The sentence as running text, with punctuation and clitics attached."""
        words = tree.leaves()
        return "".join(words) if self.joined else _ATTACHED.sub("", " ".join(words))


def _statements(lines: list[str]) -> Iterator[list[Token]]:
    """The tokens of each statement. An indented line continues the statement before it."""
    statement: list[Token] = []
    for number, line in enumerate(lines, start=1):
        tokens = [(token, number) for token in _COMMENT.sub("", line).split()]
        if tokens and statement and not line[0].isspace():
            yield statement
            statement = []
        statement += tokens
    if statement:
        yield statement


def _label(symbol: str) -> str:
    return symbol.partition("[")[0]


def _fill(symbol: str, bound: dict[str, str]) -> str:
    return _FEATURE.sub(lambda match: bound.get(match[0], match[0]), symbol)


def _height(rule: Rule, heights: dict[str, float]) -> float:
    return 1 + max(heights[item] for item, chance in rule.items if chance == 1)


def _with_leaves(tree: Tree, words: Iterator[str]) -> Tree:
    children = [
        next(words) if isinstance(child, str) else _with_leaves(child, words) for child in tree.children
    ]
    return Tree(tree.label, children)
