import pytest

from onlstm_parse.cli.main import main


@pytest.fixture
def command(capsys):
    """Runs a command; returns exit status, standard output, standard error."""

    def run(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit_:  # tyro's own way out
            status = exit_.code
        out, err = capsys.readouterr()
        return status or 0, out, err

    return run
