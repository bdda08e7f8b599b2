"""`onlstm-parse probe WHAT ...`: what models learn beside trees; one file a probe."""

from __future__ import annotations

from onlstm_parse.registry import Table

PROBES = Table("probe", {"logic": "onlstm_parse.cli.probe_logic:main"})

HELP = """usage: onlstm-parse probe WHAT ...

  logic      logical inference: relations of formulas longer than those of training"""


def main(arguments: list[str]) -> None:
    """Run one of PROBES; raises OnlstmError."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP)
        return
    PROBES[arguments[0]](arguments[1:])
