"""What `doctor` tells, and that it tells what is slow and why."""

import json

from onlstm_parse.cli import doctor
from onlstm_parse.cli.main import main
from onlstm_parse.ops import native, processors
from onlstm_parse.version import VERSION


def findings(capsys, *arguments):
    assert main(["doctor", "--json", *arguments]) == 0
    return {one["topic"]: one for one in json.loads(capsys.readouterr().out)}


def test_versions_and_corpora(capsys, monkeypatch, tmp_path):
    (tmp_path / "gum").mkdir()
    monkeypatch.setenv("ONLSTM_CORPORA", str(tmp_path))
    found = findings(capsys)
    assert found["onlstm-parse"]["found"] == VERSION
    assert "gum" in found["corpora"]["found"].split(", ")
    assert found["ONLSTM_CORPORA"]["found"] == str(tmp_path)
    assert set(doctor.PACKAGES) <= set(found)


def test_a_machine_without_compiler(capsys, monkeypatch, recwarn):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(native, "prebuilt", lambda: None)
    native._library.cache_clear()
    try:
        assert main(["doctor"]) == 0
    finally:
        native._library.cache_clear()
    shown = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["compiler", "none"] for line in shown)
    assert any(line.startswith("- recurrences: no C++ compiler was found") for line in shown)


def test_a_missing_extra_names_its_remedy(capsys, monkeypatch):
    monkeypatch.setitem(doctor.EXTRAS, "serve", ("starlette", "no_such_module"))
    found = findings(capsys)["extra serve"]
    assert found["found"] == "lacks no_such_module"
    assert found["remedy"] == "pip install 'onlstm-parse[serve]'"


def test_the_library_that_suits_the_processor(monkeypatch, tmp_path):
    """The best kind whose instructions are all there, and whose file exists."""
    monkeypatch.setattr(processors, "__file__", str(tmp_path / "processors.py"))
    (tmp_path / processors.PREBUILT).mkdir()
    assert processors.prebuilt() is None
    names = {kind: tmp_path / processors.PREBUILT / f"recurrences-{kind}.so" for kind in processors.KINDS}
    for path in names.values():
        path.touch()
    flags = set(processors.Path("/proc/cpuinfo").read_text().split())
    fitting = [kind for kind, (_, needed) in processors.KINDS.items() if flags.issuperset(needed)]
    for kind in fitting:
        assert processors.prebuilt() == names[kind]
        names[kind].unlink()
