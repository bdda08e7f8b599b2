"""Averages of parsers: the tree with the most votes, weights without gold trees, lost members."""

import json
import shutil
from statistics import fmean

import numpy as np
import pytest

import onlstm_parse
from onlstm_parse.cli.main import main
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.experiments.averaging import mean_agreement, member_of, report
from onlstm_parse.induction.expected import expectations
from onlstm_parse.runs import Run

WORDS = ["a", "b", "c", "d"]


def members_of(folder):
    return Run.load(folder).config.model.members


def tree(folder, words=WORDS):
    return str(next(onlstm_parse.load(folder).parse_words([words])))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["left", "right", "right"], "(X a (X b (X c d)))"),
        (["left=3", "right", "right"], "(X (X (X a b) c) d)"),
        (["left", "right", "balanced"], "(X (X a b) (X c d))"),  # (a b) and (c d) have two votes each
        (["right=0", "left=0.1"], "(X (X (X a b) c) d)"),
    ],
)
def test_the_tree_with_the_most_votes(tmp_path, members, expected):
    onlstm_parse.average(members, tmp_path / "run", weights="equal")
    assert tree(tmp_path / "run") == expected


def test_scores_are_the_shares_of_votes(tmp_path):
    onlstm_parse.average(["left", "right=3"], tmp_path / "run", weights="equal")
    (analysis,) = onlstm_parse.load(tmp_path / "run").analyse_words([["a", "b", "c"]])
    votes = np.zeros((3, 4))
    votes[0, 3], votes[0, 2], votes[1, 3] = 1, 0.25, 0.75
    np.testing.assert_allclose(analysis.scores, votes)


def test_members_vote_with_probabilities_or_with_their_trees(tiny_run, tmp_path):
    words = ["The", "old", "dog", "barked", "and", "left"]
    member = f"{tiny_run}:rule=expected-gap"
    for votes in ("expected", "trees"):
        onlstm_parse.average([member], tmp_path / votes, votes=votes)
    (analysis,) = onlstm_parse.load(tiny_run).analyse_words([words])
    probable = np.mean(expectations("expected-gap", [*analysis.levels]), axis=0)
    (expected,), (trees,) = (
        onlstm_parse.load(tmp_path / votes).analyse_words([words]) for votes in ("expected", "trees")
    )
    assert expected.brackets == trees.brackets
    inner = [span for span in trees.brackets if span != (0, 6)]
    assert fmean(expected.scores[span] for span in inner) == pytest.approx(1)
    np.testing.assert_allclose(expected.scores * fmean(probable[span] for span in inner), probable)
    assert sorted(zip(*np.nonzero(trees.scores), strict=True)) == sorted(trees.brackets)
    with pytest.raises(UsageError, match="unknown way to vote 'tree'; did you mean trees"):
        onlstm_parse.average([member], tmp_path / "tree", votes="tree")


def test_an_average_from_before_there_was_a_choice_votes_with_trees(tiny_run, tmp_path):
    folder = onlstm_parse.average([f"{tiny_run}:rule=expected-gap"], tmp_path / "run").folder
    content = json.loads((folder / "config.json").read_text())
    assert content["model"].pop("votes") == "expected"
    (folder / "config.json").write_text(json.dumps(content))
    assert Run.load(folder).config.model.votes == "trees"
    (analysis,) = onlstm_parse.load(folder).analyse_words([["a", "b", "c", "d"]])
    assert set(np.unique(analysis.scores)) == {0, 1}


def test_layers_and_rules_of_a_run_vote(tiny_run, tmp_path):
    for way in ("layer=1,rule=token", "layer=3,rule=gap"):
        onlstm_parse.average([f"{tiny_run}:{way}"], tmp_path / way)
        settings = dict(pair.split("=") for pair in way.split(","))
        alone = onlstm_parse.load(tiny_run, rule=settings["rule"], layer=int(settings["layer"]))
        lines = ["The old dog barked, and left.", "Nobody slept near the river!"]
        ours = onlstm_parse.load(tmp_path / way).parse_lines(lines)
        assert [*map(str, ours)] == [*map(str, alone.parse_lines(lines))]


def test_the_way_that_other_families_agree_with_is_chosen(tiny_run, tmp_path):
    agreements = {}
    for layer, rule in onlstm_parse.load(tiny_run).ways():
        way = f"layer={layer},rule={rule}" if layer else f"rule={rule}"
        run = onlstm_parse.average([f"{tiny_run}:{way}", "left", "balanced"], tmp_path / way)
        agreements[layer, rule] = sum(run.config.model.agreement[0][1:])
    run = onlstm_parse.average([str(tiny_run), "left", "balanced"], tmp_path / "best", choose_ways=True)
    chosen = members_of(run.folder)[0]
    assert (chosen.layer, chosen.rule) == max(agreements, key=agreements.get)
    assert len(set(agreements.values())) > 1
    assert sum(run.config.model.agreement[0][1:]) == pytest.approx(max(agreements.values()))
    own = [f"{tiny_run}:layer=3,rule=gap", "left"]
    onlstm_parse.average(own, tmp_path / "own", choose_ways=True)
    assert (members_of(tmp_path / "own")[0].layer, members_of(tmp_path / "own")[0].rule) == (3, "gap")
    with pytest.raises(UsageError, match="found one family; add a member of another family"):
        onlstm_parse.average([str(tiny_run)], tmp_path / "one", choose_ways=True)


def test_families_share_a_weight(tiny_run, tmp_path):
    members = [str(tiny_run), f"{tiny_run}:rule=gap", "right=2"]
    onlstm_parse.average(members, tmp_path / "run")
    assert [member.family for member in members_of(tmp_path / "run")] == ["on-lstm", "on-lstm", "right"]
    # 1/2, 1/2 and 1, scaled to a mean of 1, then times the user's weights
    weights = [member.weight for member in members_of(tmp_path / "run")]
    assert weights == pytest.approx([0.75, 0.75, 3.0])


def test_agreement_is_f1_on_raw_text_and_becomes_weights(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a b c d\nx\na b c\n")
    onlstm_parse.average(["left", "right", "balanced"], tmp_path / "run", weights="agreement", text=text)
    config = Run.load(tmp_path / "run").config.model
    # Four words: left (2) (3), right (2) (3), balanced two pairs; three words: balanced is as right.
    assert np.array(config.agreement) == pytest.approx(np.array([[100, 0, 25], [0, 100, 75], [25, 75, 100]]))
    assert [mean_agreement(config, at) for at in range(3)] == pytest.approx([12.5, 37.5, 50])
    assert [member.weight for member in config.members] == pytest.approx([0.375, 1.125, 1.5])
    told = report(Run.load(tmp_path / "run"))
    assert [row["mean_agreement"] for row in told["members"]] == [12.5, 37.5, 50]
    assert told["text"] == str(text)


def test_agreement_is_measured_on_all_files(tmp_path):
    """The first lines of each: a file that comes first may be unlike the others."""
    four, three = tmp_path / "four.txt", tmp_path / "three.txt"
    four.write_text("a b c d\n" * 5)
    three.write_text("a b c\nx\n" * 3)
    voters = ["left", "right", "balanced"]
    settings = {"weights": "agreement", "text": [four, three], "sentences": 4}
    onlstm_parse.average(voters, tmp_path / "run", **settings)
    config = Run.load(tmp_path / "run").config
    assert config.model.agreement[1] == pytest.approx([0, 100, 75])  # as of one line of each
    assert config.data["text"] == [str(four), str(three)]


def test_files_of_trees_vote_for_their_sentences(tmp_path):
    trees = tmp_path / "trees.txt"
    trees.write_text("(X (X a b) (X c d))\n")
    onlstm_parse.average([str(trees), "right=0.4"], tmp_path / "run", weights="equal")
    assert tree(tmp_path / "run") == "(X (X a b) (X c d))"
    assert tree(tmp_path / "run", ["e", "f", "g"]) == "(X e (X f g))"


def test_an_average_may_be_a_member(tiny_run, tmp_path):
    onlstm_parse.average([str(tiny_run), "right"], tmp_path / "inner")
    onlstm_parse.average([str(tmp_path / "inner"), "left=0"], tmp_path / "outer")
    line = "The old dog slept near the river."
    inner, outer = (onlstm_parse.load(tmp_path / name).parse(line) for name in ("inner", "outer"))
    assert inner == outer


def test_words_that_only_some_members_read(tiny_run, tmp_path):
    """The run drops punctuation, right-branching does not: it is attached, and votes are over the rest."""
    onlstm_parse.average([str(tiny_run), "right=5"], tmp_path / "run", weights="equal")
    words = ["the", ",", "dog", "slept", "."]
    (analysis,) = onlstm_parse.load(tmp_path / "run").analyse_words([words])
    assert analysis.scores.shape == (3, 4)
    assert tree(tmp_path / "run", words) == "(X (X the , (X dog slept)) .)"


def test_members_may_move_together(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "one" / "member")
    onlstm_parse.average([str(tmp_path / "one" / "member")], tmp_path / "one" / "run")
    (tmp_path / "one").rename(tmp_path / "other")
    assert tree(tmp_path / "other" / "run").startswith("(X")


def test_a_member_that_is_gone_or_changed(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "member")
    onlstm_parse.average([str(tmp_path / "member")], tmp_path / "run")
    vocabulary = tmp_path / "member" / "vocabulary.json"
    vocabulary.write_text(vocabulary.read_text().replace("dog", "dug"))
    with pytest.raises(
        FormatError, match=r"run: the run or file that it needs has changed since: \.\./member"
    ):
        onlstm_parse.load(tmp_path / "run")
    shutil.rmtree(tmp_path / "member")
    with pytest.raises(FormatError, match=r"the run or file that it needs is gone: \.\./member; put it back"):
        onlstm_parse.load(tmp_path / "run")


@pytest.mark.parametrize(
    ("members", "kind", "message"),
    [
        ([], UsageError, "an average of nothing; name runs"),
        (["right=0"], UsageError, "needs a member with a weight above 0"),
        (["right=-1"], UsageError, "the weight of right must be at least 0, found -1.0"),
        (["right=much"], UsageError, "right=much: expected a number, found 'much'"),
        (["rihgt=1"], OnlstmError, "expected a member, found nothing; did you mean right"),
        (["nowhere"], OnlstmError, "nowhere: expected a member, found nothing"),
        (["{run}:leyer=2"], UsageError, "unknown setting of the member .* 'leyer'; did you mean layer"),
        (["{run}:layer=4"], UsageError, "has no layer 4; choose one of 1 to 3"),
        (["{run}:rule=gab"], UsageError, "unknown rule of .* 'gab'; did you mean gap"),
        (["{run}:layer="], UsageError, "expected layer=VALUE, found 'layer='"),
    ],
)
def test_bad_members_make_no_run(tiny_run, tmp_path, members, kind, message):
    with pytest.raises(kind, match=message):
        onlstm_parse.average([one.format(run=tiny_run) for one in members], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_agreement_needs_a_text_and_runs_are_kept(tmp_path):
    with pytest.raises(UsageError, match="no text to measure agreement on; name one with --text"):
        onlstm_parse.average(["left", "right"], tmp_path / "run", weights="agreement")
    onlstm_parse.average(["left", "right"], tmp_path / "run")
    with pytest.raises(OnlstmError, match="a run is here already"):
        onlstm_parse.average(["right"], tmp_path / "run")


def test_names_of_members(tiny_run, tmp_path):
    member = member_of(f"{tiny_run}:layer=2,rule=gap,weight=1.5,family=mine", tmp_path)
    assert (member.layer, member.rule, member.weight, member.family) == (2, "gap", 1.5, "mine")
    odd = tmp_path / "odd:name"
    shutil.copytree(tiny_run, odd)
    assert member_of(str(odd), tmp_path).reference.path == "odd:name"


def test_the_command(tiny_run, tmp_path, capsys):
    out = tmp_path / "run"
    command = ["average", str(tiny_run), f"{tiny_run}:rule=gap", "right", "--out", str(out), "--json"]
    assert main([*command, "--plot", str(tmp_path / "plot.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [len(row) for row in told["agreement"]] == [3, 3, 3]
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert main(["parse", str(out), "--text", "The old dog barked."]) == 0
    assert capsys.readouterr().out.startswith("(X ")
    assert main(["show", str(out), "--text", "The old dog barked.", "--out", str(tmp_path / "a.svg")]) == 0
    assert main(["train", "--resume", "--out", str(out)]) == 2
    assert "is not trained" in capsys.readouterr().err
    assert main(["average", "right", "--out", str(tmp_path / "second")]) == 0
    assert "right" in capsys.readouterr().out


def test_the_votes_of_an_average_are_those_of_its_members(tiny_run, tmp_path):
    onlstm_parse.average([tiny_run, f"{tiny_run}:rule=gap"], tmp_path / "run", weights="equal")
    sentence = ["The", "old", "dog", "barked", "."]
    rules = [onlstm_parse.load(tiny_run, rule=rule) for rule in ("token", "gap")]
    each = [one.votes([one.reader.encode_words(sentence)])[0] for one in rules]
    parser = onlstm_parse.load(tmp_path / "run")
    (votes,) = parser.votes([parser.reader.encode_words(sentence)])
    np.testing.assert_allclose(votes, (each[0] + each[1]) / 2)
    assert votes[0, len(votes)] == 1.0
