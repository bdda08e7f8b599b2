"""Chinese words by jieba (dictionary and hidden Markov model).

The dictionary is read from the package. jieba's own cache is in the common temporary folder, where others can
write and several processes would share it. `<unk>`, addresses, emoji, 12,000 and runs of full-width digits
stay whole. jieba cuts letters that are neither Chinese nor ASCII into single characters.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any

from onlstm_parse.text.tokenisers.base import SPECIAL_TOKENS, WHOLE, Tokeniser

_GROUPED = r"(?<![A-Za-z0-9,.])\d{1,3}(?:,\d{3})+(?:\.\d+)?%?(?![A-Za-z0-9])"
_WHOLE = re.compile(rf"({'|'.join(SPECIAL_TOKENS)}|{WHOLE}|{_GROUPED}|[０-９]+(?:．[０-９]+)*％?)")


class Jieba(Tokeniser):
    library = "jieba"

    def tokenise(self, line: str) -> tuple[list[str], list[str]]:
        words: list[str] = []
        for part in _WHOLE.split(line):
            words += [part] if _WHOLE.fullmatch(part) else _segmenter().cut(part)
        words = [word for word in words if not word.isspace()]
        return words, words


@cache
def _segmenter() -> Any:
    """It has read its dictionary, which takes a second; all tokenisers share it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an old package: invalid escapes, pkg_resources
        import jieba
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter
