"""Published accuracies on the minimal pairs of Marvin and Linzen 2018, in percent.

Shen et al. 2019 (ON-LSTM), table 3: ON-LSTM and LSTM, both with two layers of 650 units, trained on 90
million words of Wikipedia. Pairs with animate and inanimate nouns are one row. Left out: the two rows that
compare ungrammatical sentences with each other.
"""

from __future__ import annotations

from typing import NamedTuple

SOURCE = "Shen et al. 2019, table 3 (trained on 90 million words)"


class Row(NamedTuple):
    """A row of the table: the phenomena that it is about, and for some the end of the condition."""

    name: str
    phenomena: tuple[str, ...]
    on_lstm: float
    lstm: float
    condition: str = ""

    def has(self, phenomenon: str, condition: str) -> bool:
        return phenomenon in self.phenomena and condition.endswith(self.condition)


def _both(name: str) -> tuple[str, str]:
    return f"{name}_anim", f"{name}_inanim"


ROWS = (
    Row("agreement: simple", ("simple_agrmt",), 99, 100),
    Row("agreement: in a sentential complement", ("sent_comp",), 95, 98),
    Row("agreement: short VP coordination", ("vp_coord",), 89, 92),
    Row("agreement: in an object relative clause", _both("obj_rel_within"), 84, 88),
    Row("agreement: in an object relative (no that)", _both("obj_rel_no_comp_within"), 78, 81),
    Row("agreement: long VP coordination", ("long_vp_coord",), 74, 74),
    Row("agreement: across a prepositional phrase", _both("prep"), 67, 68),
    Row("agreement: across a subject relative clause", ("subj_rel",), 66, 60),
    Row("agreement: across an object relative clause", _both("obj_rel_across"), 57, 52),
    Row("agreement: across an object relative (no that)", _both("obj_rel_no_comp_across"), 54, 51),
    Row("reflexive: simple", ("simple_reflexives",), 89, 82),
    Row("reflexive: in a sentential complement", ("reflexive_sent_comp",), 86, 80),
    Row("reflexive: across a relative clause", ("reflexives_across",), 57, 58),
    Row("negative polarity: simple, against intrusive", _both("simple_npi"), 18, 100, "/intrusive"),
    Row("negative polarity: simple, against ungrammatical", _both("simple_npi"), 7, 63, "/bare"),
    Row("negative polarity: across a clause, against intrusive", _both("npi_across"), 59, 95, "/intrusive"),
    Row("negative polarity: across a clause, against ungrammatical", _both("npi_across"), 11, 4, "/bare"),
)
