"""What a model's description becomes for libraries that stop at transformers 4."""

import json

import pytest

from fixtures.errors import Unsupported
from fixtures.models import older_transformers
from tests.building import builder


def test_the_rotary_base_is_given_under_the_name_that_old_transformers_reads(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}, "dtype": "float32"}))
    older_transformers.old_names(path)
    assert json.loads(path.read_text()) == {"rope_theta": 500000.0, "torch_dtype": "float32"}


def test_rotary_embeddings_that_old_transformers_reads_otherwise_are_refused(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8}}))
    with pytest.raises(Unsupported, match="rotary embeddings of type llama3"):
        older_transformers.old_names(path)


def test_the_folder_holds_the_model_and_its_source_stays_as_it_was(tmp_path):
    source = builder().original("language-modelling")
    older_transformers.write_folder(source, tmp_path / "old")
    assert {"config.json", "model.safetensors"} <= {path.name for path in (tmp_path / "old").iterdir()}
    source.verify()
