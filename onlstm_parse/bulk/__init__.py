"""Parse more text than one machine can: by Ray Data, on the cores and GPUs of one machine or a cluster.

plan.json            what was asked for, and the shards that the input is cut into
shard-000000.trees   a tree a line; all shards one after the other are the trees of all lines, in order
shard-000000.parquet the same as a table, if asked for: id, text, tree; with a confidence also spans
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from onlstm_parse.errors import OnlstmError

if TYPE_CHECKING:
    from ray.data import Dataset

SHARD_LINES = 1 << 15  # about twenty seconds of one core


def parse_dataset(
    dataset: Dataset, run: str | Path, *, column: str = "text", jobs: int | None = None, **settings: Any
) -> Dataset:
    """The rows of a Ray dataset with one more column, `tree`: the brackets of the sentence in `column`.

    With the setting `confidence` there is a column `spans`, too: start, stop and confidence of each bracket.

    Nothing is computed before the result is read, as usual in Ray Data. Rows come in any order; an id among
    the other columns, which are kept, restores it. `jobs` actors hold the run, with a core or a GPU each; by
    default Ray starts as many as it finds room for. `settings` are those of `load`.
    Raises UsageError without Ray, and what `load` raises. A row without the column fails as Ray's errors do.
    """
    from onlstm_parse.bulk.cluster import with_trees
    from onlstm_parse.bulk.request import Parsing

    return with_trees(dataset, Parsing.of(run, settings), column, jobs)


def parse_files(
    run: str | Path,
    text: str | Path,
    out: str | Path,
    *,
    format: str = "brackets",
    column: str = "text",
    bad_bytes: str = "error",
    jobs: int | None = None,
    shard_lines: int = SHARD_LINES,
    quiet: bool = True,
    **settings: Any,
) -> list[Path]:
    """Parse every line of text files, or every row of Parquet files, into shards in the folder `out`.

    `text` is a file, a folder, a pattern such as "text/*.txt", or a corpus. `format` is "parquet" or one of
    `TREE_FORMATS`; `column` has the sentences of a Parquet file. `jobs` actors work, by default one a GPU or
    else one a core. `settings` are those of `load`. Returns the shards in the order of the lines.

    Shards that are in `out` already are not made again. Raises UsageError without Ray, or if `out` holds
    trees of something else. Raises OnlstmError for input that cannot be read, after the other shards are
    made, and at once where a shard cannot be written.
    """
    from onlstm_parse.bulk.cluster import make_shards
    from onlstm_parse.bulk.plan import Plan, held
    from onlstm_parse.bulk.request import Parsing, Request
    from onlstm_parse.bulk.shards import input_files

    parsing = Parsing.of(run, settings)
    request = Request(parsing, input_files(text), format, column, bad_bytes, shard_lines)
    with held(Path(out)) as folder:
        plan = Plan.begun(request, folder)
        failures = make_shards(plan, folder, jobs, quiet)
    if failures:
        raise OnlstmError(
            f"{len(failures)} of {len(plan.shards)} shards were not made: {failures[0]}",
            remedy="the others are kept, and the same command tries again",
        )
    return [request.shard_file(folder, shard) for shard in plan.shards]
