"""The README's Python examples are what they say: a catalog file that the suite loads and lists."""

import re

from tests.end_to_end.suite import ROOT, Suite


def test_the_readmes_model_and_method_are_listed_as_cases(tmp_path):
    snippets = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert ["MODELS = " in snippet for snippet in snippets] == [True, False]
    assert ["METHODS = " in snippet for snippet in snippets] == [False, True]
    catalog = tmp_path / "my_catalog.py"
    catalog.write_text("\n".join(snippets), encoding="utf-8")
    suite = Suite(tmp_path, tmp_path / "cache", catalog)
    done = suite.run("--collect-only", "-q", "--model", "my-ner", "--method", "my-bf16", "--device", "cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[my-ner:original:cpu]" in done.stdout
    assert "[my-ner:my-bf16:cpu]" in done.stdout
