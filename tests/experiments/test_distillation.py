"""Distillation: a small parser that learns the trees of another from raw text."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import onlstm_parse
from onlstm_parse.cli.main import main
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.experiments import distillation, teaching
from onlstm_parse.experiments.teaching import Shown
from onlstm_parse.models.span_parser import SpanParser
from onlstm_parse.models.span_parser_config import SpanParserConfig
from onlstm_parse.ops.log_trees import log_trees
from onlstm_parse.parsers.base import Analysis
from onlstm_parse.runs import Run, fingerprint
from onlstm_parse.text.pipeline import Encoded
from onlstm_parse.training import loop
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.trees import ParsedSentences, ParsedText, TreeObjective, flattened, unflattened


@pytest.fixture(scope="session")
def right(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers") / "right"
    onlstm_parse.average(["right"], folder)
    return folder


@pytest.fixture(scope="session")
def student(right, text_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("students") / "right"
    onlstm_parse.distil(right, text_file, folder, size="tiny", epochs=3, dropout_words=0.0)
    return folder


def test_right_branching_is_learnt_from_its_trees(student):
    parser = onlstm_parse.load(student)
    assert (
        str(next(parser.parse_words([["the", "old", "dog", "barked"]]))) == "(X the (X old (X dog barked)))"
    )
    reports = [json.loads(line) for line in (student / "metrics.jsonl").open()]
    assert reports[-1]["valid_agreement"] == 100


def test_the_folder(student, right):
    assert {path.name for path in student.iterdir()} >= {
        "config.json",
        "model.safetensors",
        "vocabulary.json",
    }
    assert not list((student / "resume").glob("trees-*"))
    config = Run.load(student).config
    assert config.kind == "span-parser"
    assert config.data["teacher"]["fingerprint"] == fingerprint(right)
    half, whole = (student / "model.safetensors").stat().st_size, Run.load(student).model.parameter_count()
    assert half < 2.2 * whole  # two bytes a weight


def test_a_run_teaches_the_words_that_it_reads(tiny_run, text_file, tmp_path):
    onlstm_parse.distil(tiny_run, text_file, tmp_path / "run", size="tiny", epochs=1)
    tree = onlstm_parse.load(tmp_path / "run").parse("The old dog barked, and left.")
    assert tree.leaves() == ("The", "old", "dog", "barked", ",", "and", "left", ".")
    assert Run.load(tmp_path / "run").config.text == Run.load(tiny_run).config.text


def test_interrupted_and_resumed_is_uninterrupted_and_does_not_parse_again(
    right, student, text_file, tmp_path, monkeypatch
):
    settings = {"size": "tiny", "epochs": 3, "dropout_words": 0.0}
    update = loop.Trainer._update

    def interrupted(self):
        if self.progress.updates == 13:
            raise KeyboardInterrupt
        return update(self)

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "_update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            onlstm_parse.distil(right, text_file, tmp_path / "run", **settings)
    with pytest.raises(OnlstmError, match="a run is here already"):
        onlstm_parse.distil(right, text_file, tmp_path / "run", **settings)
    with monkeypatch.context() as patch:
        patch.setattr(distillation, "load", None)
        onlstm_parse.distil(right, text_file, tmp_path / "run", resume=True, **settings)
    ours, theirs = (Run.load(folder).model.state_dict() for folder in (tmp_path / "run", student))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    before = (tmp_path / "run" / "config.json").read_bytes()
    onlstm_parse.distil(right, text_file, tmp_path / "run", resume=True, **settings)
    assert (tmp_path / "run" / "config.json").read_bytes() == before


def test_a_grammar_learns_trees_from_the_votes_of_another_parser(student, text_file, tmp_path):
    """A student of right-branching trees votes for these."""
    settings = {"size": "tiny", "epochs": 6, "learning_rate": 0.03, "model": "simple-pcfg"}
    onlstm_parse.distil(student, text_file, tmp_path / "run", **settings)
    config = Run.load(tmp_path / "run").config
    assert (config.kind, config.model.model) == ("grammar", "simple-pcfg")
    assert config.data["teacher"]["fingerprint"] == fingerprint(student)
    parser = onlstm_parse.load(tmp_path / "run")
    sentences = [line.split() for line in text_file.read_text().splitlines()[:50]]
    trees = [str(tree) for tree in parser.parse_words(sentences)]
    expected = [str(tree) for tree in onlstm_parse.load(student).parse_words(sentences)]
    assert sum(map(str.__eq__, trees, expected)) > 40


@pytest.mark.parametrize("lines", [1, 7, 10, 999])
@pytest.mark.parametrize("limit", [1, 3, 7, 10])
def test_as_many_sentences_as_asked_for_from_all_over_the_text(lines, limit):
    text = [str(number) for number in range(lines)]
    kept = [*map(int, distillation._thinned(iter(text), SimpleNamespace(lines=lines), limit))]
    assert len(kept) == min(lines, limit)
    gaps = np.diff([*kept, kept[0] + lines])
    assert max(gaps) - min(gaps) <= 1


def test_bad_input(right, text_file, tmp_path):
    with pytest.raises(OnlstmError, match="no sentence of the train text has 3 to 2 words"):
        onlstm_parse.distil(right, text_file, tmp_path / "a", size="tiny", max_length=2)
    with pytest.raises(UsageError, match="unknown size 'tidy'; did you mean tiny"):
        onlstm_parse.distil(right, text_file, tmp_path / "b", size="tidy")
    with pytest.raises(UsageError, match="unknown model 'on-lstm'"):
        onlstm_parse.distil(right, text_file, tmp_path / "b", model="on-lstm")
    with pytest.raises(UsageError, match="vote_strength is for grammars; name one with --model neural-pcfg"):
        onlstm_parse.distil(right, text_file, tmp_path / "run", vote_strength=5.0)
    with pytest.raises(UsageError, match="vote_strength must be at least 0, found -1"):
        onlstm_parse.distil(right, text_file, tmp_path / "run", model="neural-pcfg", vote_strength=-1.0)
    with pytest.raises(UsageError, match="sentences must be at least 1, found 0"):
        onlstm_parse.distil(right, text_file, tmp_path / "b", sentences=0)
    with pytest.raises(UsageError, match="unknown setting 'chunk'"):
        onlstm_parse.distil(right, text_file, tmp_path / "c", chunk=3)
    with pytest.raises(OnlstmError, match="expected a run folder"):
        onlstm_parse.distil(tmp_path / "nothing", text_file, tmp_path / "d")


def test_the_command(right, text_file, tmp_path, capsys):
    out = str(tmp_path / "run")
    command = ["distil", str(right), str(text_file), "--out", out, "--size", "tiny", "--epochs", "1"]
    assert main([*command, "--quiet"]) == 0
    assert main(["parse", out, "--text", "The old dog barked."]) == 0
    assert capsys.readouterr().out.startswith("(X ")
    assert main(["average", out, "right", "--out", str(tmp_path / "average")]) == 0


class HalfSure:
    """Takes the left tree of three words with a probability of 0.6; does not read commas."""

    rule, layer = "expected", None

    def __init__(self, knows=True):
        self.reader = SimpleNamespace(
            encode_words=lambda words: Encoded(words, [[1] * (w != ",") for w in words])
        )
        self.knows = knows

    def analyse(self, sentences):
        return [Analysis([(0, 2), (0, 3)]) for _ in sentences]

    def expectations(self, analyses, rule, layer):
        probabilities = np.zeros((3, 4))
        # As votes may be: of the whole sentence less than 1, of others more than a tree has.
        probabilities[0, 3], probabilities[0, 2], probabilities[1, 3] = 0.7, 0.9, 0.6
        probabilities[0, 1] = 0.9  # that of a single word means nothing
        return [probabilities for _ in analyses] if self.knows else None


@pytest.mark.parametrize(("knows", "left", "other"), [(True, 0.8, 0.2), (False, 1.0, 0.0)])
def test_a_student_learns_half_the_tree_and_half_the_probabilities(knows, left, other):
    """The comma of the second sentence is a word for the student, that of the third is not."""
    commas = ["a", ",", "b", "c"]
    shown = [
        Shown(["a", "b", "c"], [0, 1, 2], []),
        Shown(commas, [0, 1, 2, 3], []),
        Shown(commas, [0, 2, 3], []),
    ]
    plain, comma, dropped = teaching.targets_of(HalfSure(knows), shown)
    np.testing.assert_array_equal(dropped, plain)
    spans = unflattened([plain, comma], [3, 4])
    expected = {(0, 0, 3): 1.0, (0, 0, 2): left, (0, 1, 3): other}
    expected |= {(1, 0, 4): 1.0, (1, 0, 3): left, (1, 2, 4): other}
    for place in np.ndindex(*spans.shape):
        assert spans[place].item() == pytest.approx(expected.get(place, 0.0), abs=1e-3), place


def test_punctuation_shows_the_teacher_what_no_learner_should_learn(right):
    """Of a b , c d e the bracket (b c) begins within one clause and ends within another."""
    shown = [Shown(["a", "b", ",", "c", "d", "e", "."], [0, 1, 3, 4, 5], [])]
    (brackets,) = teaching.brackets_of(onlstm_parse.load(right), shown)
    assert brackets.tolist() == [[0, 5], [1, 5], [2, 5], [3, 5]]
    for give in (teaching.votes_of, teaching.targets_of):
        (spans,) = unflattened(give(onlstm_parse.load("en"), shown), [5]).numpy()
        assert spans[1, 3] == spans[1, 4] == 0
        assert spans[0, 2] > 0
        assert spans[2, 5] > 0


def test_the_loss_of_a_tree_is_its_negative_log_likelihood():
    torch.manual_seed(1)
    model = SpanParser(
        SpanParserConfig(embedding=4, hidden=4, layers=1, scorer=4, dropout=0, dropout_words=0), 9
    )
    tree = np.zeros((4, 5))
    for span in [(0, 4), (1, 4), (1, 3)]:
        tree[span] = 1.0
    words = np.array([2, 3, 4, 5])
    side = ParsedSentences([words], [flattened(tree).astype(np.float16)], "print", 0.0)
    objective = TreeObjective(model, ParsedText(None, side, side), TrainingConfig(batch_size=1))
    scores = model(torch.from_numpy(words)[:, None], [4])
    likelihood = scores[0][tree > 0].sum() - log_trees(scores, [4])[0]
    step = objective.step(0, 0)
    assert step.loss.item() == pytest.approx(-likelihood.item() / 3, rel=1e-5)
