"""The completion scripts, in the shell that they are for."""

import shutil
import subprocess

import pytest

from onlstm_parse.cli.completion import options_of
from onlstm_parse.cli.main import COMMANDS, main


def completed(script, *words):
    """What bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in words)
    code = f"""{script}
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
_onlstm_parse
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_bash(capsys, tmp_path, monkeypatch):
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    assert set(completed(script, "onlstm-parse", "")) == set(COMMANDS)
    assert completed(script, "onlstm-parse", "in") == ["induce"]
    assert completed(script, "onlstm-parse", "induce", "text.txt", "--min") == ["--minutes"]
    assert "--tokeniser" in completed(script, "onlstm-parse", "train", "--")
    (tmp_path / "english-run").mkdir()
    monkeypatch.chdir(tmp_path)
    assert completed(script, "onlstm-parse", "parse", "en") == ["english-run", "en"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell, capsys, tmp_path):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "minutes" in script
    assert "induce" in script
    if shutil.which(shell):
        path = tmp_path / "script"
        path.write_text(script)
        subprocess.run([shell, "-n", str(path)], check=True)


def test_options_are_those_of_the_help():
    assert {"--out", "--minutes", "--without"} <= set(options_of("induce"))
    with_commands_of_their_own = ("corpora", "probe")
    assert all(options_of(name) for name in COMMANDS if name not in with_commands_of_their_own)
