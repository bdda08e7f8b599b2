"""`onlstm-parse completion SHELL`: a script that completes commands and their options."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Literal

import tyro
from tyro.conf import Positional

from onlstm_parse.pretrained import PRETRAINED

BASH = """_onlstm_parse() {
    local word=${COMP_WORDS[COMP_CWORD]} options
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "%(commands)s" -- "$word"))
        return
    fi
    case ${COMP_WORDS[1]} in
%(cases)s
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word") $(compgen -W "%(runs)s" -- "$word"))
    fi
}
complete -o filenames -F _onlstm_parse onlstm-parse"""
ZSH = "autoload -Uz compinit bashcompinit && compinit && bashcompinit\n"


def completion(shell: Positional[Literal["bash", "zsh", "fish"]]) -> None:
    """Print a script that completes the commands of onlstm-parse and their options.

    bash, zsh: source <(onlstm-parse completion bash). fish: onlstm-parse completion fish | source.

    Args:
        shell: The shell that you use.
    """
    from onlstm_parse.cli.main import COMMANDS

    options = {name: options_of(name) for name in COMMANDS}
    if shell == "fish":
        print("\n".join(_fish(options)))
        return
    cases = "\n".join(f'        {name}) options="{" ".join(listed)}" ;;' for name, listed in options.items())
    script = BASH % {"commands": " ".join(options), "cases": cases, "runs": " ".join(PRETRAINED)}
    print(script if shell == "bash" else ZSH + script)


def options_of(command: str) -> list[str]:
    """The options that the help of a command shows."""
    from onlstm_parse.cli.main import COMMANDS

    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        COMMANDS[command](["--help"])
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", shown.getvalue())))


def _fish(options: dict[str, list[str]]) -> list[str]:
    known = "__fish_seen_subcommand_from"
    lines = [f'complete -c onlstm-parse -n "not {known} {" ".join(options)}" -a "{" ".join(options)}" -f']
    for command, listed in options.items():
        lines += [f'complete -c onlstm-parse -n "{known} {command}" -l {name[2:]}' for name in listed]
    return lines


def main(arguments: list[str]) -> None:
    tyro.cli(completion, prog="onlstm-parse completion", args=arguments)
