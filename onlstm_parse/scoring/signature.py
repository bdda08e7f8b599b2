"""The signature: all that changes a score, on one line; and its explanation in words.

shen2019|v0.1.0|punctuation:dropped|words:penn-words|max:all|n:3914|skipped:0|long:0|short:0|bare:0|gold:...|trees:...

Two scores may be compared if their signatures differ only in `trees` and in what made the trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from onlstm_parse.errors import UsageError
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.version import VERSION

if TYPE_CHECKING:
    from onlstm_parse.scoring.gold import Gold

_PROTOCOLS = {
    "shen2019": "brackets over two words or more strictly inside the sentence, mean over all sentences,"
    " one-word ones included, as the ON-LSTM program's script scores",
    "kim2019": "all brackets over two words or more but the outermost, sentences of two words or more,"
    " as the Compound PCFG program's script scores",
    "evalb": "all brackets over two words or more, the whole sentence's too, under one label, as EVALB does"
    " with the COLLINS parameters",
    "strict": "brackets over two words or more strictly inside the sentence, each counted once; sentences"
    " without such a gold bracket are not scored",
    "evalb-labelled": "labelled brackets as EVALB counts them",
}
_FIELDS = {
    "punctuation": "punctuation is {}",
    "words": "the leaves that count as words are chosen by the filter {}",
    "filters": "the gold trees were changed by the filters {}, one behind another",
    "max": "sentences of up to {} words",
    "shown": "the parser was shown {}",
    "rule": "levels were split by the {} rule",
    "layer": "levels come from layer {}",
    "levels": "levels are read as {}",
    "parameters": "the parameter file has the hash {}",
    "n": "{} sentences were scored",
    "skipped": "{} left out because no word is in them",
    "filtered": "{} left out because a filter drops them",
    "long": "{} left out because they are longer than the limit",
    "short": "{} left out because the protocol leaves out sentences as short",
    "bare": "{} left out because gold has no bracket to find in them",
    "gold": "the gold trees have the hash {}",
    "trees": "the scored trees have the hash {}",
}


def signature(
    gold: Gold, protocol: str, sentences: int, left_out: Mapping[str, int], extra: Mapping[str, object]
) -> str:
    """`extra` names further settings that change the score; its `trees` is the hash of the predictions."""
    trees = extra.get("trees", "")
    parts: dict[str, object] = {"punctuation": "kept" if gold.keeps_punctuation else "dropped"}
    parts |= {"words": gold.words, **({"filters": gold.filters} if gold.filters else {})}
    parts |= {"max": gold.max_words or "all"}
    parts |= {name: value for name, value in extra.items() if name != "trees"}
    parts |= {"n": sentences, **left_out, "gold": gold.digest, "trees": trees}
    return line(protocol, parts)


def line(protocol: str, parts: Mapping[str, object]) -> str:
    return "|".join([protocol, f"v{VERSION}", *(f"{name}:{_quoted(value)}" for name, value in parts.items())])


def with_trees(signature: str, trees: str) -> str:
    """The signature of the same score for other trees, such as those of a trivial parser."""
    return "|".join([*signature.split("|")[:-1], f"trees:{trees}"])


def comparable(one: str, other: str) -> bool:
    """Whether two signatures differ only in the scored trees."""
    return with_trees(one, "") == with_trees(other, "")


def explain(signature: str) -> str:
    """Explain a signature, one clause a line. Raises UsageError for a text that is no signature."""
    protocol, *rest = signature.strip().split("|")
    if protocol not in _PROTOCOLS:
        PROTOCOLS[protocol]
    if not rest or not rest[0].startswith("v") or not all(":" in part for part in rest[1:]):
        remedy = "give it whole and quoted, as score prints it"
        raise UsageError(f"expected PROTOCOL|vVERSION|NAME:VALUE|..., found {signature!r}", remedy=remedy)
    lines = [f"{protocol}: {_PROTOCOLS.get(protocol, 'a protocol of its own')}"]
    lines.append(f"{rest[0]}: the toolkit's version")
    for part in rest[1:]:
        name, _, value = part.partition(":")
        value = value.replace("%7C", "|").replace("%25", "%")
        if part == "max:all":
            lines.append(f"{part}: sentences of any length")
        else:
            lines.append(f"{part}: {_FIELDS.get(name, f'{name} was {{}}').format(value)}")
    if rest[0] != f"v{VERSION}":
        lines.append(f"This is version {VERSION}: figures may differ.")
    return "\n".join(lines)


def _quoted(value: object) -> str:
    return str(value).replace("%", "%25").replace("|", "%7C")
