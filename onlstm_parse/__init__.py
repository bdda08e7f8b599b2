"""Grammar from raw text: parsers that are learnt without a treebank.

    import onlstm_parse
    tree = onlstm_parse.load("en").parse("The old dog barked.")
    run = onlstm_parse.induce(["text.txt"], "parser", minutes=60)
    parser = onlstm_parse.load("parser")

Names are imported when first used: `import onlstm_parse` is quick and needs no torch.
"""

from __future__ import annotations

from typing import Any

from onlstm_parse.registry import Table
from onlstm_parse.version import VERSION

_PUBLIC = Table(
    "name",
    {
        "train": "onlstm_parse.training.start:train",
        "load": "onlstm_parse.parsers.base:load",
        "Run": "onlstm_parse.runs:Run",
        "Parser": "onlstm_parse.parsers.base:Parser",
        "Tree": "onlstm_parse.tree:Tree",
        "Trees": "onlstm_parse.tree:Trees",
        "read_treebank": "onlstm_parse.treebanks.reading:read_treebank",
        "score": "onlstm_parse.scoring.metrics:score",
        "evaluate": "onlstm_parse.evaluation:evaluate",
        "average": "onlstm_parse.experiments.averaging:average",
        "distil": "onlstm_parse.experiments.distillation:distil",
        "induce": "onlstm_parse.experiments.induce:induce",
        "compare": "onlstm_parse.comparison:compare",
        "share": "onlstm_parse.sharing:share",
        "OnlstmError": "onlstm_parse.errors:OnlstmError",
    },
)

__version__ = VERSION
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'onlstm_parse' has no attribute {name!r}")
    return _PUBLIC[name]


def __dir__() -> list[str]:
    return __all__
