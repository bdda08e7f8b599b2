"""`onlstm-parse probe NAME ...`: what models learn beside trees; one file a probe."""

from __future__ import annotations

from onlstm_parse.registry import Table

PROBES = Table(
    "probe",
    {"syntax": "onlstm_parse.cli.probe_syntax:main", "logic": "onlstm_parse.cli.probe_logic:main"},
)

HELP = """usage: onlstm-parse probe NAME ...

  syntax RUN [PAIRS]  which sentence of a minimal pair is likelier, by phenomenon
  logic --out DIR     relations of logical formulas longer than those of training

onlstm-parse probe NAME --help shows the options of a probe."""


def main(arguments: list[str]) -> None:
    """Run one of PROBES; raises OnlstmError."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP)
        return
    PROBES[arguments[0]](arguments[1:])
