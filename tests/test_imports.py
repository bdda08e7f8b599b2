"""The structure of the package: no import circles between files."""

import ast
from pathlib import Path

import onlstm_parse

ROOT = Path(onlstm_parse.__file__).parent


def module_of(path):
    parts = ["onlstm_parse", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py"}


def imported(path):
    """Modules of the package that a file imports, inside functions and for type checks too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in FILES else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


ARROWS = {name: sorted(set(imported(path)) & FILES.keys() - {name}) for name, path in FILES.items()}


def circle_from(name):
    """The shortest way from a file back to itself, as a list of files; None where there is none."""
    before = dict.fromkeys(ARROWS[name], name)
    waiting = list(before)
    while waiting:
        here = waiting.pop(0)
        if here == name:
            way = [name]
            while len(way) == 1 or way[-1] != name:
                way.append(before[way[-1]])
            return way[::-1]
        for target in ARROWS[here]:
            if target not in before:
                before[target] = here
                waiting.append(target)
    return None


def test_no_file_imports_itself_by_way_of_others():
    circles = {tuple(sorted(set(way))): way for name in ARROWS if (way := circle_from(name))}
    assert not circles, "\n".join(" -> ".join(way) for way in circles.values())


def test_a_circle_would_be_found(monkeypatch):
    monkeypatch.setitem(ARROWS, "onlstm_parse.errors", ["onlstm_parse.registry"])
    assert circle_from("onlstm_parse.errors") == [
        "onlstm_parse.errors",
        "onlstm_parse.registry",
        "onlstm_parse.errors",
    ]
