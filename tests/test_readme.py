"""The README's examples, run as they stand there, one after the other in one folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"<!-- tested -->\n```(\w+)\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_examples_work(tmp_path):
    folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    assert [language for language, _ in BLOCKS] == ["bash", "bash", "python", "bash", "bash", "bash", "bash"]
    for language, code in BLOCKS:
        command = ["bash", "-euc", code] if language == "bash" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    assert len((tmp_path / "predicted.txt").read_text(encoding="utf-8").splitlines()) == len(
        (tmp_path / "sample" / "test.txt").read_text(encoding="utf-8").splitlines()
    )
