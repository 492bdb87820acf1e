"""Word and character error rates against counts made by hand."""

import json

import numpy as np
import pytest
import tokenizers

from fixtures.errors import PostconditionFailed
from fixtures.metrics import transcripts

WORDS = ["<|end|>", "turn", "on", "off", "the", "light", "red"]
END = 0
SAID = ["turn on the light", "light off", "red light", "turn off"]


@pytest.fixture
def split(tmp_path):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: index for index, word in enumerate(WORDS)}))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "data.json").write_text(json.dumps({"labelled": True, "end": END, "reason": ""}), encoding="utf-8")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "texts.json").write_text(json.dumps(SAID), encoding="utf-8")
    np.save(tmp_path / "test" / "groups.npy", np.arange(len(SAID)))
    return tmp_path / "test"


def ids(*texts):
    rows = [[WORDS.index(word) for word in text.split()] for text in texts]
    return np.array([row + [END] * (6 - len(row)) for row in rows], np.float32)


def test_error_rates_by_hand(split):
    # one word wrong, one missing, one too many; 10 words were said
    found = transcripts.evaluate(ids("turn off the light", "light", "red red light", "turn off"), None, split)
    assert found["measurements"]["wer"]["value"] == pytest.approx(3 / 10)
    assert [found["outcomes"][name] for name in ("substitutions", "deletions", "insertions", "words")] == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [4, 2, 2, 2],
    ]
    assert {name: found["measurements"][name]["value"] for name in transcripts.COUNTED} == dict.fromkeys(transcripts.COUNTED, 0.1)
    # on -> off: 1 character replaced, 1 inserted; " off" deleted: 4; "red " inserted: 4; of 17 + 9 + 9 + 8
    assert found["measurements"]["cer"]["value"] == pytest.approx(10 / 43)
    assert not found["at_chance"]


def test_more_errors_than_the_original_are_worse(split):
    right = ids(*SAID)
    wrong = ids("red red red red", "red red", "on on", "red red")
    found = transcripts.evaluate(np.tile(wrong, (1, 1)), right, split)["measurements"]["wer"]
    assert found["paired"]["difference"] == pytest.approx(1.0)
    assert found["paired"]["low"] > 0
    assert found["direction"] == "lower"


def test_a_recogniser_that_does_not_listen_is_at_chance(split):
    found = transcripts.evaluate(ids("light off", "red light", "turn off", "turn on the light"), None, split)
    assert found["at_chance"]
    assert "without listening" in found["warnings"][0]


def test_transcripts_that_stop_early_are_told(split):
    found = transcripts.evaluate(ids("turn on", "light", "red", "turn"), ids(*SAID), split)
    assert found["measurements"]["generated_length"]["value"] == pytest.approx(0.5)
    assert "50% as long" in found["warnings"][0]


def wide(*texts):
    """Transcripts in a hub model's width, most of which is padding."""
    return np.pad(ids(*texts), ((0, 0), (0, 218)), constant_values=END)


def test_agreement_does_not_count_the_padding_behind_the_end(split):
    found = transcripts.evaluate(wide("off red off red", "on turn", "turn on", "red the"), wide(*SAID), split)["measurements"]
    assert found["agreement_top1"]["value"] == 0
    assert found["agreement_top1"]["n"] == 10
    # turn, the, light stay; "light off" and "red light" lost a word, which is a token that differs: 3 + 1 + 1 + 2 of 10
    found = transcripts.evaluate(wide("turn off the light", "light", "red", "turn off"), wide(*SAID), split)["measurements"]
    assert found["agreement_top1"]["value"] == pytest.approx(0.7)
    assert found["agreement_top1"]["low"] < 0.7 < found["agreement_top1"]["high"]


def test_agreement_with_a_longer_transcript_counts_its_tokens(split):
    found = transcripts.evaluate(wide(*(f"{text} red red" for text in SAID)), wide(*SAID), split)["measurements"]
    assert found["agreement_top1"]["value"] == pytest.approx(10 / 18)
    assert found["agreement_top1"]["n"] == 18


def test_silence_on_both_sides_is_no_agreement(split):
    found = transcripts.evaluate(wide("", "", "", ""), wide("", "", "", ""), split)
    assert found["absent"]["agreement_top1"] == "neither the original nor this row wrote a token"


def test_case_and_punctuation_do_not_count():
    assert transcripts.normalised(["Turn ON, the light!", "[noise] red"]) == ["turn on the light", "red"]


def test_one_transcript_for_each_clip_is_expected():
    with pytest.raises(PostconditionFailed, match="one transcript for each of 3 clips"):
        transcripts.condense(np.zeros((2, 4)), np.zeros(3), None)


def test_a_twins_clips_have_no_labels_and_its_transcripts_are_kept_all_the_same(tmp_path):
    from fixtures.worker.condensing import condensed

    (tmp_path / "test").mkdir()
    answers = iter([np.ones((2, 4)), np.zeros((1, 4))])
    kept = condensed(answers, 3, tmp_path / "test", tmp_path / "out.npy", "fixtures.metrics.transcripts:condense", None)
    assert kept.tolist() == [[1] * 4, [1] * 4, [0] * 4]
