"""A reason that the code gives by naming a page can be read: the page is in the repository."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = re.compile(r"(?<![\w./-])[\w./-]+\.md\b")


def cited(source):
    """Pages named by comments, and by docstrings those under docs/; a docstring's other names are often of files that the code writes."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from PAGE.findall(token.string)
        elif token.type == tokenize.STRING and token.string.startswith('"""'):
            yield from (name for name in PAGE.findall(token.string) if name.startswith("docs/"))


@pytest.mark.parametrize("package", ["reports", "fixtures", "benchmarks"])
def test_every_page_that_comments_and_docstrings_cite_is_there(package):
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / package).rglob("*.py")}
    missing = [f"{path.relative_to(ROOT)}: {name}" for path, text in sources.items() for name in cited(text)
               if not (ROOT / name).exists()]  # fmt: skip
    assert sources
    assert missing == []


def test_a_cited_page_is_found_in_comments_and_docstrings_and_what_the_code_writes_is_not():
    source = '"""See docs/a.md; writes table.md."""\n# b.md, Gate\nx = "c.md"\n'
    assert list(cited(source)) == ["docs/a.md", "b.md"]
