"""Ray Data: actors on the cores or GPUs of this machine, or of the cluster that it belongs to."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from onlstm_parse.bulk.plan import Plan
from onlstm_parse.bulk.request import Parsing
from onlstm_parse.bulk.worker import ShardMaker, TreeAdder
from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.parsers.base import LINES_AT_ONCE

if TYPE_CHECKING:
    from ray.data import Dataset

KEPT = "finished shards are kept, and the same command continues"


def with_trees(dataset: Dataset, parsing: Parsing, column: str, jobs: int | None) -> Dataset:
    """See `parse_dataset`."""
    ray = connected()
    needs, most = _resources(ray, parsing.settings)
    # Without a number one actor is enough: reading the dataset needs cores too.
    size: dict[str, Any] = {"size": jobs} if jobs else {"min_size": 1, "max_size": most}
    return dataset.map_batches(
        TreeAdder,
        fn_constructor_args=(parsing, column),
        batch_size=LINES_AT_ONCE,
        compute=ray.data.ActorPoolStrategy(**size),
        **needs,
    )


def make_shards(plan: Plan, folder: Path, jobs: int | None, quiet: bool) -> list[str]:
    """Make the shards that are missing; see `parse_files`. Returns why shards could not be made.

    Ray starts an actor again that was killed, with its machine perhaps, and gives it the same shards.
    Raises OnlstmError as soon as a problem is not one of the input.
    """
    ray = connected()
    if not (shards := plan.missing(folder)):
        return []
    needs, most = _resources(ray, plan.request.parsing.settings)
    size = min(jobs or most, len(shards))
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    with ray.data.DataContext.current(context):
        # A block a shard, so that an actor takes a new one when it is done with another.
        rows = ray.data.from_items([asdict(shard) for shard in shards], override_num_blocks=len(shards))
        outcomes = rows.map(
            ShardMaker,
            fn_constructor_args=(plan.request, folder.resolve()),
            compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=2),
            **needs,
        ).iter_rows()
        shown = tqdm(outcomes, unit=" shards", total=len(shards), disable=quiet or None)
        return list(problems(ray, shown))


def problems(ray: Any, outcomes: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Those of shards that could not be read. Raises OnlstmError for any other, and where Ray gives up."""
    try:
        for outcome in outcomes:
            if outcome["ends_all"]:
                raise OnlstmError(outcome["problem"], remedy=KEPT)
            if outcome["problem"]:
                yield outcome["problem"]
    except (ray.exceptions.RayError, ray.data.exceptions.ExecutionTimeoutError) as error:
        reason = str(error).strip().split("\n")[0]
        raise OnlstmError(f"Ray gave up: {type(error).__name__}: {reason}", remedy=KEPT) from error


def connected() -> Any:
    """The module ray, connected: to RAY_ADDRESS, to the cluster that this machine is in, or to a new one.

    Raises UsageError without Ray, OnlstmError where no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to Ray's makers
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data.exceptions
    except ImportError:
        raise UsageError("bulk parsing needs Ray", remedy="pip install 'onlstm-parse[ray]'") from None
    if not ray.is_initialized():
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            place = os.environ.get("RAY_ADDRESS", "this machine")
            reason = str(error).strip().split("\n")[0]
            raise OnlstmError(f"no Ray cluster at {place}: {reason}", remedy="see ray status") from error
        logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


def _resources(ray: Any, settings: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """What an actor needs, and how many of them there is room for."""
    has, device = ray.cluster_resources(), settings.get("device") or "auto"
    if device == "cuda" or (device == "auto" and has.get("GPU", 0) >= 1):
        return {"num_gpus": 1}, max(int(has.get("GPU", 0)), 1)
    return {"num_cpus": 1}, max(int(has.get("CPU", 0)), 1)
