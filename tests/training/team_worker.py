"""What each process of tests/training/test_team.py runs: trainings of every kind, one after another.

One process alone has those only that are compared with it.
"""

import sys
from pathlib import Path

import onlstm_parse
from onlstm_parse.experiments.distillation import distil
from onlstm_parse.models import CATALOGUE
from onlstm_parse.training.team import joined

STILL = {
    "dropconnect": 0.0,
    **{f"dropout_{name}": 0.0 for name in ("embedding", "input", "between", "output")},
}
TINY = {"size": "tiny", "embedding": 8, "batch_size": 9, "seed": 1, "precision": "fp32", "device": "cpu"}
STREAMS = {**TINY, **STILL, "hidden": 16, "bptt": 10}
# The training that a process is killed in; by the command line or by a call. 150 updates.
KILLED = {"size": "tiny", "embedding": 8, "hidden": 16, "chunk": 4, "batch_size": 8, "bptt": 10}
KILLED |= {"tokens": 12_000, "validate_every": 800}
SENTENCES = {**TINY, "nonterminals": 5, "preterminals": 7}


def main(text: Path, teacher: Path, out: Path) -> None:
    with joined() as team:
        # 50 updates, looked at every ten
        often = {"tokens": 50 * 90, "validate_every": 900}
        onlstm_parse.train([text], out / "on-lstm", **STREAMS, chunk=4, **often)
        onlstm_parse.train([text], out / "adaptive", model="lstm", softmax="adaptive", **STREAMS, **often)
        onlstm_parse.train([text], out / "simple-pcfg", model="simple-pcfg", **SENTENCES, epochs=1)
        # the last batch of 380 sentences has one: less than there are processes
        student = {"size": "tiny", "batch_size": 379, "epochs": 5, "precision": "fp32"}
        student |= {"dropout": 0.0, "dropout_words": 0.0}
        distil(teacher, [text], out / "student", max_length=400, **student)
        if team.size == 1:
            return
        onlstm_parse.train([text], out / "uninterrupted", **KILLED)
        for model, entry in CATALOGUE.items():
            settings = SENTENCES if entry.kind == "grammar" else {**STREAMS, "chunk": 4}
            onlstm_parse.train([text], out / "all" / model, model=model, **settings, tokens=180)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
