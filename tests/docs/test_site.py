"""The documentation builds without a warning and asks nothing of other machines."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=[\"']?(?:https?:)?//"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon|modulepreload))[^>]*\bhref=[\"']?(?:https?:)?//"
    r"|@import[^;]*//|url\([\"']?(?:https?:)?//",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_pages_fetch_nothing_from_elsewhere(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 10
    found = {}
    for file in files:
        match = FETCHED.search(file.read_text(encoding="utf-8"))
        if match:
            found[file.relative_to(site).as_posix()] = match.group()
    assert found == {}


@pytest.mark.parametrize(
    ("html", "fetched"),
    [
        ('<link rel="stylesheet" href="https://fonts.example/a.css">', True),
        ("<script src=//cdn.example/a.js></script>", True),
        ("p { background: url(https://a.example/b.png) }", True),
        ('<a href="https://doi.org/10.5566/ias.2640">', False),
        ('<link rel="stylesheet" href="assets/a.css">', False),
    ],
)
def test_the_expression_tells_what_is_fetched(html: str, fetched: bool) -> None:
    assert bool(FETCHED.search(html)) is fetched


def test_tables_are_made_and_helpers_are_not_published(site: Path) -> None:
    pages = {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert "<code>training.batch_size</code>" in pages["reference/configuration.html"]
    assert "<code>--model</code>" in pages["reference/commands.html"]
    assert "<code>saturated</code>" in pages["reference/files.html"]
    assert not any(re.search(r"<!-- (?:fields of|commands|flags)", text) for text in pages.values())
    assert not list(site.rglob("*.py"))
