"""Probabilistic context-free grammars in a small text notation, and sampling from them.

The notation is described in the README beside the grammars. Reading one runs no
code; a malformed rule, and a symbol that is undefined, unproductive or
unreachable, is a FormatError with file and line.

Omitted: probabilities are not estimated from data, and nothing here parses.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, product
from math import inf, prod
from os import PathLike
from pathlib import Path
from random import Random

from onlstm_parse.errors import FormatError
from onlstm_parse.registry import nearest
from onlstm_parse.tree import Tree

MAX_DEPTH = 24  # symbols on a path from the start symbol to a word
MAX_TOKENS = 40
_COMMENT = re.compile(r"(^|\s)#.*")
_ITEM = re.compile(r"([^\s\[\]?]+(?:\[[^\s\[\],?]+(?:,[^\s\[\],?]+)*\])?)(?:\?(0?\.\d+))?")
_WEIGHT = re.compile(r"\d+(\.\d+)?|\.\d+")
_ATTACHED = re.compile(r" (?=[,.;:?!]( |$)|'s |n't )")
_DIRECTIVES = {"@text": "spaced or joined", "@feature": "a name and its values", "@vowel": "two words"}
Token = tuple[str, int]  # and the line it stands on


@dataclass(frozen=True)
class Rule:
    """One way to rewrite a symbol: items, each with the chance that it is there."""

    weight: float
    items: tuple[tuple[str, float], ...]
    line: int


@dataclass
class Grammar:
    """Rules and word lists by symbol; `start` is the first rule's symbol.

    >>> lines = ["S -> NP VP", "NP = dogs cats", "VP = sleep"]
    >>> str(Grammar.read(lines).sample(Random(1)))
    '(S (NP Dogs) (VP sleep))'
    """

    file: str | PathLike[str] | None = None
    start: str = ""
    joined: bool = False  # written without spaces
    vowel: tuple[str, str] | None = None  # (a, an)
    features: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rules: dict[str, list[Rule]] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)

    # -- reading ---------------------------------------------------------

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Grammar:
        try:
            return cls.read(Path(path).read_text(encoding="utf-8").splitlines(), path)
        except UnicodeDecodeError as error:
            raise FormatError(f"expected UTF-8, found byte {error.object[error.start]:#x}", file=path) from error

    @classmethod
    def read(cls, lines: list[str], file: str | PathLike[str] | None = None) -> Grammar:
        grammar = cls(file)
        for statement in _statements(lines):
            grammar._add(statement)
        if not grammar.start:
            raise FormatError("expected a rule like 'S -> NP VP', found none", file=file)
        grammar._check()
        grammar._prepare()
        return grammar

    def _error(self, problem: str, line: int, remedy: str | None = None) -> FormatError:
        return FormatError(problem, file=self.file, line=line, remedy=remedy)

    def _add(self, statement: list[Token]) -> None:
        (head, line), *rest = statement
        if head.startswith("@"):
            return self._direct(head, [token for token, _ in rest], line)
        if len(rest) < 2 or rest[0][0] not in ("->", "="):
            found = " ".join(token for token, _ in statement)[:60]
            raise self._error(f"expected 'SYMBOL -> ...' or 'SYMBOL = words', found {found!r}", line)
        if rest[0][0] == "->":
            return self._add_rules(head, rest[1:], line)
        symbol, _ = self._item((head, line))
        if symbol in self.words:
            raise self._error(f"a second word list for {symbol}", line, "join the two")
        self.words[symbol] = tuple(word for word, _ in rest[1:])

    def _direct(self, head: str, values: list[str], line: int) -> None:
        if head == "@feature" and len(values) > 1:
            self.features[values[0]] = tuple(values[1:])
        elif head == "@text" and values in (["spaced"], ["joined"]):
            self.joined = values == ["joined"]
        elif head == "@vowel" and len(values) == 2:
            self.vowel = values[0], values[1]
        else:
            usage = f"{head} takes {_DIRECTIVES[head]}" if head in _DIRECTIVES else nearest(head, _DIRECTIVES)
            raise self._error(f"unexpected {head} {' '.join(values)}".strip(), line, usage)

    def _add_rules(self, head: str, tokens: list[Token], line: int) -> None:
        """Add every alternative once for each value of the features it names.

        A feature that the head does not name shares out the alternative's weight.
        """
        head_names = self._names(self._item((head, line))[0])
        for alternative in _alternatives(tokens):
            place = alternative[0][1] if alternative else line
            weighted = bool(alternative) and _WEIGHT.fullmatch(alternative[0][0])
            weight = float(alternative[0][0]) if weighted else 1.0
            items = [self._item(token) for token in alternative[bool(weighted) :]]
            if weight == 0 or all(chance < 1 for _, chance in items):
                problem = f"an alternative of {head} that can be empty or has weight 0"
                raise self._error(problem, place, "write at least one symbol without '?'")
            names = dict.fromkeys(head_names + [n for symbol, _ in items for n in self._names(symbol)])
            weight /= prod(len(self.features[name]) for name in names if name not in head_names)
            for values in product(*(self.features[name] for name in names)):
                bound = dict(zip(names, values, strict=True))
                filled = tuple((_fill(symbol, bound), chance) for symbol, chance in items)
                self.rules.setdefault(_fill(head, bound), []).append(Rule(weight, filled, place))
        self.start = self.start or next(iter(self.rules))

    def _item(self, token: Token) -> tuple[str, float]:
        match = _ITEM.fullmatch(token[0])
        if not match:
            remedy = "write NP, NP[sg] or NP?.5 (there half of the time)"
            raise self._error(f"expected a symbol, found {token[0]!r}", token[1], remedy)
        return match[1], float(match[2] or 1)

    def _names(self, symbol: str) -> list[str]:
        return [value for value in _values(symbol) if value in self.features]

    # -- checking --------------------------------------------------------

    def _check(self) -> None:
        known = [*self.rules, *self.words]
        for symbol, rules in self.rules.items():
            if symbol in self.words:
                raise self._error(f"{symbol} has both rules and a word list", rules[0].line)
            for rule in rules:
                for item, _ in rule.items:
                    if item not in self.rules and item not in self.words:
                        raise self._error(f"{item} is used but never defined", rule.line, nearest(item, known))
        self.heights = self._heights()
        reached = set(self._reached())
        for symbol, rules in self.rules.items():
            if self.heights[symbol] == inf:
                raise self._error(f"{symbol} never ends in words", rules[0].line, "give it a way out")
            if symbol not in reached:
                raise self._error(f"{symbol} is never reached from {self.start}", rules[0].line)
        if unused := [symbol for symbol in self.words if symbol not in reached]:
            raise FormatError(f"the words of {unused[0]} are never reached from {self.start}", file=self.file)
        if self.heights[self.start] > MAX_DEPTH:
            raise FormatError(f"no sentence is less than {MAX_DEPTH} symbols deep", file=self.file)

    def _heights(self) -> dict[str, float]:
        """The least depth of a tree under each symbol; infinite where there is none."""
        heights: dict[str, float] = dict.fromkeys(self.rules, inf) | dict.fromkeys(self.words, 1)
        changed = True
        while changed:
            changed = False
            for symbol, rules in self.rules.items():
                height = min(_height(rule, heights) for rule in rules)
                changed |= height < heights[symbol]
                heights[symbol] = height
        return heights

    def _reached(self) -> Iterator[str]:
        seen, waiting = {self.start}, [self.start]
        while waiting:
            yield (symbol := waiting.pop())
            items = {item for rule in self.rules.get(symbol, ()) for item, _ in rule.items} - seen
            seen |= items
            waiting += items

    # -- sampling --------------------------------------------------------

    def _prepare(self) -> None:
        """Cumulated weights: of rules by their own weight, of words by rank (Zipf)."""
        self._word_sums = {
            symbol: list(accumulate(1 / (rank + 2) for rank in range(len(words))))
            for symbol, words in self.words.items()
        }
        self._options = {
            symbol: [(_height(rule, self.heights), rule) for rule in rules]
            for symbol, rules in self.rules.items()
        }
        self._rule_sums = {
            symbol: list(accumulate(rule.weight for rule in rules)) for symbol, rules in self.rules.items()
        }
        self._tallest = {symbol: max(height for height, _ in o) for symbol, o in self._options.items()}

    def sample(self, rng: Random) -> Tree:
        """One sentence of at most MAX_TOKENS tokens and its tree, spelt as it is written."""
        while True:
            nodes = self._expand(self.start, MAX_DEPTH, rng)
            tree = nodes[0] if len(nodes) == 1 else Tree(_label(self.start), nodes)
            leaves = tree.leaves()
            if len(leaves) <= MAX_TOKENS:
                spelt = iter(self._spell(leaves))
                return tree.fold(lambda _: next(spelt), lambda node, children: Tree(node.label, children))

    def _expand(self, symbol: str, depth: int, rng: Random) -> list[Tree]:
        if symbol in self.words:
            return [Tree(_label(symbol), [self.words[symbol][_draw(self._word_sums[symbol], rng)]])]
        rules, sums = self.rules[symbol], self._rule_sums[symbol]
        if depth < self._tallest[symbol]:  # near the bound only what still fits
            rules = [rule for height, rule in self._options[symbol] if height <= depth]
            sums = list(accumulate(rule.weight for rule in rules))
        nodes: list[Tree] = []
        for item, chance in rules[_draw(sums, rng)].items:
            if chance == 1 or (rng.random() < chance and self.heights[item] < depth):
                nodes += self._expand(item, depth - 1, rng)
        return nodes if symbol.startswith("_") else [Tree(_label(symbol), nodes)]

    def _spell(self, leaves: tuple[str, ...]) -> list[str]:
        spelt = list(leaves)
        if self.vowel:
            for k, following in enumerate(leaves[1:]):
                if spelt[k] == self.vowel[0] and following[0] in "aeiou":
                    spelt[k] = self.vowel[1]
        if not self.joined:
            spelt[0] = spelt[0][0].upper() + spelt[0][1:]
        return spelt

    def text(self, tree: Tree) -> str:
        """The sentence as running text, punctuation and clitics attached."""
        leaves = tree.leaves()
        return "".join(leaves) if self.joined else _ATTACHED.sub("", " ".join(leaves))


def _statements(lines: list[str]) -> Iterator[list[Token]]:
    """Tokens of each statement; an indented line continues the one before."""
    statement: list[Token] = []
    for number, line in enumerate(lines, start=1):
        line = _COMMENT.sub("", line.removeprefix("\ufeff"))
        if statement and line.strip() and not line[0].isspace():
            yield statement
            statement = []
        statement += [(token, number) for token in line.split()]
    if statement:
        yield statement


def _alternatives(tokens: list[Token]) -> Iterator[list[Token]]:
    start = 0
    for k, (token, _) in enumerate(tokens):
        if token == "|":
            yield tokens[start:k]
            start = k + 1
    yield tokens[start:]


def _values(symbol: str) -> list[str]:
    _, _, inside = symbol.partition("[")
    return inside.removesuffix("]").split(",") if inside else []


def _label(symbol: str) -> str:
    return symbol.partition("[")[0]


def _fill(symbol: str, bound: dict[str, str]) -> str:
    values = [bound.get(value, value) for value in _values(symbol)]
    return f"{_label(symbol)}[{','.join(values)}]" if values else symbol


def _height(rule: Rule, heights: dict[str, float]) -> float:
    return 1 + max(heights[item] for item, chance in rule.items if chance == 1)


def _draw(sums: list[float], rng: Random) -> int:
    # random() alone is promised to give the same numbers on every Python
    return min(bisect(sums, rng.random() * sums[-1]), len(sums) - 1)
