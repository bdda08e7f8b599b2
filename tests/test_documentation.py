"""The documentation: examples marked as tested run as they stand there; the site builds in strict mode."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLE = re.compile(r"<!-- tested -->\n```(\w+)\n(.*?)```", re.DOTALL)
EXAMPLES = {page: found for page in PAGES if (found := EXAMPLE.findall(page.read_text(encoding="utf-8")))}


def test_pages_have_examples():
    assert len(EXAMPLES) >= 9
    assert all(text.count("<!-- tested -->") == len(EXAMPLES.get(page, [])) for page, text in _texts())


def test_examples_that_the_readme_has_are_the_same():
    marked = re.compile(r"<!-- tested in README.md -->\n```bash\n(.*?)```", re.DOTALL)
    tested = "".join(code for _, code in EXAMPLES[PAGES[0]])
    found = [code for _, text in _texts() for code in marked.findall(text)]
    assert len(found) == 2
    assert all(code in tested for code in found)


def _texts():
    return [(page, page.read_text(encoding="utf-8")) for page in PAGES]


@pytest.mark.parametrize("page", EXAMPLES, ids=[str(page.relative_to(ROOT)) for page in EXAMPLES])
def test_examples_work(page, tmp_path):
    """One after the other in one folder; each prints something or writes a file."""
    folder = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    for language, code in EXAMPLES[page]:
        before = set(tmp_path.iterdir())
        command = {"bash": ["bash", "-euc", code], "python": [sys.executable, "-c", code]}[language]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout or set(tmp_path.iterdir()) > before


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "Getting started" in home
    api = (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
    assert "parse_words" in api
