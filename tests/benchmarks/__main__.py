"""Start PostgreSQL and Valkey, load the demonstration department, measure, print a table, write var/bench.json."""

import argparse
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import django

from tests.benchmarks.figures import chosen
from vqflow.embedded import CannotStart, Servers
from vqflow.processes import PROJECT, environment
from vqflow.stack import loopback_environment, prepare_database, static_files_collected

# In this order: the search multiplies the history, which the others are not measured with.
GROUPS = (
    "clinic",
    "engine",
    "explain",
    "replan",
    "worklist",
    "board",
    "projection",
    "booking",
    "web",
    "search",
    "waitlist",
    "messages",
    "reporting",
    "numbers",
    "simulation",
    "dicom",
)
HOLDS = {True: "yes", False: "no", None: ""}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--only", default="", help="how the names of the figures to measure begin: web,search"
    )
    parser.add_argument(
        "--examinations", type=int, help="measure in a demonstration of so many past examinations instead"
    )
    said = parser.parse_args()
    only = tuple(said.only.split(","))
    if said.examinations:
        os.environ["BENCH_EXAMINATIONS"] = str(said.examinations)
    begun = time.monotonic()
    try:
        with servers():
            figures = [figure for figure in measured(only) if figure.name.startswith(only)]
    except CannotStart as refusal:
        sys.exit(str(refusal))
    if not figures:
        sys.exit(f"There is no figure whose name begins with {said.only!r}.")
    written = write(figures)
    # On a busy machine every time above is longer than it would be alone.
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    say(f"{len(figures)} figures in {time.monotonic() - begun:.0f} s (load {load}), written to {written}")


@contextmanager
def servers():
    """Servers of this run alone, safe against a power cut as in production, and a migrated database."""
    folder = Path(tempfile.mkdtemp(prefix="vqflow-bench-"))
    running = Servers.of(folder)
    try:
        running.start()
        settings = loopback_environment(folder, port=0, mail_bind="127.0.0.1:9", demo=True)
        os.environ.update(
            settings | running.environment, DJANGO_SETTINGS_MODULE="vqflow.settings", LOG_LEVEL="ERROR"
        )
        env, log = environment(), folder / "prepare.log"
        with static_files_collected(env, log):
            prepare_database(env, log, owner_url=running.environment["OWNER_DATABASE_URL"])
        django.setup()
        yield
    finally:
        running.stop()
        running.forget()
        shutil.rmtree(folder, ignore_errors=True)


def measured(only):
    """The figures, each shown as soon as it is known; the department is loaded whatever is chosen."""
    # Imported here and not above: models can be read only now that the settings know the servers.
    for name in GROUPS:
        importlib.import_module(f"tests.benchmarks.{name}")
    say(f"{'figure':<40}{'value':>12} {'unit':<14}{'goal':>8}  holds")
    for run in chosen(("demo",)) + [each for each in chosen(only) if each not in chosen(("demo",))]:
        for figure in run():
            if figure.name.startswith(only):
                say(row(figure))
            yield figure


def row(figure):
    goal = "" if figure.goal is None else f"{'>= ' if figure.at_least else ''}{figure.goal:g}"
    value = f"{figure.value:,}" if isinstance(figure.value, int) else f"{figure.value:.2f}"
    return f"{figure.name:<40}{value:>12} {figure.unit:<14}{goal:>8}  {HOLDS[figure.holds]}"


def write(figures):
    path = PROJECT / "var" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    rows = [asdict(figure) | {"value": round(figure.value, 3), "holds": figure.holds} for figure in figures]
    path.write_text(json.dumps(rows, indent=2) + "\n")
    return path.relative_to(PROJECT)


def say(text):
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
