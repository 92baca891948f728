"""Ask "would a second camera help?": simulate one set-up, or two side by side with the same patients."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from scheduling.simulation.entries import SetupError
from scheduling.simulation.figures import Interval, differences, figures, summary
from scheduling.simulation.months import simulated
from scheduling.simulation.picture import busiest_day, svg
from scheduling.simulation.reading import load
from scheduling.simulation.setups import RANKINGS, Setup

_EXAMPLE = Path(__file__).with_name("setups") / "one_camera.toml"
_SEEDS_IN_ALL = 1000

EachSeed = list[dict[str, float]]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m scheduling.simulation", description=__doc__)
    parser.add_argument("--setup", type=Path, default=_EXAMPLE, help="a set-up file (default: one camera)")
    parser.add_argument("--against", type=Path, help="a second set-up to compare it with")
    parser.add_argument("--ranking", choices=RANKINGS, help="instead of that in the files")
    parser.add_argument("--weeks", type=_whole, help="simulated weeks, instead of those in the files")
    parser.add_argument("--seeds", type=_whole, help="how many times, instead of that in the files")
    parser.add_argument(
        "--first-seed", type=_whole, default=1, help="other seeds are other patients and luck"
    )
    parser.add_argument("--day", type=int, help="which day the picture shows (default: the busiest)")
    parser.add_argument(
        "--out", type=Path, default=Path("var/simulation"), help="folder for JSON and pictures"
    )
    parser.add_argument("--jobs", type=_whole, default=os.cpu_count() or 1, help="processes at a time")
    options = parser.parse_args(arguments)
    try:
        setups = [_chosen(path, options) for path in (options.setup, options.against) if path]
        _check(setups, options)
    except SetupError as error:
        sys.exit(str(error))
    _simulate(setups, options)


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _chosen(path: Path, options: argparse.Namespace) -> Setup:
    setup = load(path)
    run = replace(setup.run, weeks=options.weeks or setup.run.weeks, seeds=options.seeds or setup.run.seeds)
    return replace(setup, run=run, ranking=options.ranking or setup.ranking)


def _check(setups: list[Setup], options: argparse.Namespace) -> None:
    run = setups[0].run
    if run.seeds < 2:
        raise SetupError("An interval needs at least two seeds. Give --seeds 2 or more.")
    if setups[-1].run != run:
        raise SetupError("Two set-ups can be compared over the same weeks and seeds only. Make [run] equal.")
    days = (run.weeks + run.warm_up_weeks) * 7
    if options.day is not None and not 0 <= options.day < days:
        raise SetupError(f"The picture shows one of the days 0 to {days - 1}. Give such a --day.")


def _simulate(setups: list[Setup], options: argparse.Namespace) -> None:
    told = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for setup in setups:
            seeds = range(options.first_seed, options.first_seed + setup.run.seeds)
            told.append(list(pool.map(partial(_figures, setup), seeds)))
    options.out.mkdir(parents=True, exist_ok=True)
    written = [_write(setup, each, options) for setup, each in zip(setups, told, strict=True)]
    run = setups[0].run
    print(f"{run.seeds} runs of {run.weeks} weeks, after {run.warm_up_weeks} to fill the diary.")
    for setup in setups:
        print(f"{setup.name}: {setup.protocol.name}, ranking {setup.ranking}.")
    print()
    print("\n".join(_table(told[0]) if len(setups) == 1 else _side_by_side(setups, *told)))
    print()
    print("Written: " + ", ".join(str(path) for pair in written for path in pair))


def _figures(setup: Setup, seed: int) -> dict[str, float]:
    return figures(simulated(setup, seed=seed))


def _write(setup: Setup, each_seed: EachSeed, options: argparse.Namespace) -> tuple[Path, Path]:
    name = "".join(c if c.isalnum() else "-" for c in setup.name.lower())
    months = simulated(setup, seed=options.first_seed)
    day = busiest_day(months) if options.day is None else options.day
    picture, numbers = options.out / f"{name}-day.svg", options.out / f"{name}.json"
    picture.write_text(svg(months, day), encoding="utf-8")
    content = {
        "setup": setup.name,
        "ranking": setup.ranking,
        "run": asdict(setup.run) | {"first_seed": options.first_seed},
        "figures": {
            key: {"mean": round(each.mean, 3), "low": round(each.low, 3), "high": round(each.high, 3)}
            for key, each in summary(each_seed).items()
        },
        "seeds": each_seed,
    }
    numbers.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return numbers, picture


def _table(each_seed: EachSeed) -> list[str]:
    rows = summary(each_seed)
    return [
        f"{'':<46}{'mean':>9}  95 % interval",
        *(f"{n:<46}{v.mean:>9.1f}  {_ends(v)}" for n, v in rows.items()),
    ]


def _side_by_side(setups: list[Setup], one: EachSeed, other: EachSeed) -> list[str]:
    """The difference is the second less the first; where its interval holds 0, chance alone may explain it."""
    left, right, less = summary(one), summary(other), differences(one, other)
    rows = [f"{'':<46}{setups[0].name[:16]:>17}{setups[1].name[:16]:>17}{'difference':>12}  95 % interval"]
    for name in dict.fromkeys([*left, *right]):
        cells = [f"{each[name].mean:>17.1f}" if name in each else f"{'-':>17}" for each in (left, right)]
        row = f"{name:<46}{''.join(cells)}"
        if name in less:
            row += f"{less[name].mean:>+12.1f}  {_ends(less[name], sign='+')}{_doubt(less[name])}"
        rows.append(row)
    return rows


def _ends(value: Interval, sign: str = "") -> str:
    return f"{value.low:{sign}.1f} to {value.high:{sign}.1f}"


def _doubt(value: Interval) -> str:
    return "  (may be chance)" if value.low <= 0 <= value.high and value.half else ""


if __name__ == "__main__":
    main()
