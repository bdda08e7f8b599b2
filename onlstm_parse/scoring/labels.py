"""Labels as scores name them."""

from __future__ import annotations

import re
from functools import lru_cache

_FUNCTION = re.compile(r"[-=].*")  # NP-SBJ-1, NP=2


@lru_cache(maxsize=1 << 12)
def bare_label(label: str) -> str:
    """A label without its function tags and indices.

    >>> [bare_label(label) for label in ("NP-SBJ-1", "NP=2", "-LRB-")]
    ['NP', 'NP', '-LRB-']
    """
    return label if label.startswith("-") else _FUNCTION.sub("", label)
