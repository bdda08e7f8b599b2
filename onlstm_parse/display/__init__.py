"""Show trees and scores."""

from __future__ import annotations

from onlstm_parse.registry import Table

# name -> function: Tree -> text without a closing line feed
TREE_FORMATS = Table(
    "tree format",
    {
        "brackets": "onlstm_parse.display.text:brackets",
        "json": "onlstm_parse.display.text:as_json",
        "pretty": "onlstm_parse.display.text:pretty",
        "svg": "onlstm_parse.display.svg:svg",
    },
)
