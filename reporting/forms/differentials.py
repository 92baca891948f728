"""The figures of the quantitative differential: `d-p-by` and `d-v-by` (lung | zone | lobe, empty: not measured),
`d-p-as` and `d-v-as` (percent | counts), and one field for each region and figure, such as
`d-p-zone-right_upper-anterior`. Only the figures of the chosen division and kind are read."""

from reporting.engine.differential import REGIONS

MOST_DIGITS = 18
PARTS = {"p": "perfusion", "v": "ventilation"}
LETTERS = {name: letter for letter, name in PARTS.items()}
FIGURES = {"percent": ("percent",), "counts": ("anterior", "posterior")}


def raw(data):
    """({part: {by, regions}} as the engine parses it, {field: sentence} of figures that are no numbers)."""
    found, faults = {}, {}
    for letter, part in PARTS.items():
        by = data.get(f"d-{letter}-by", "")
        if not by:
            continue
        figures = FIGURES.get(data.get(f"d-{letter}-as", "percent"), ("percent",))
        regions = {}
        for region in REGIONS.get(by, {}):
            for figure in figures:
                name = f"d-{letter}-{by}-{region}-{figure}"
                value = number(data.get(name, "")) if figure == "percent" else whole(data.get(name, ""))
                if isinstance(value, str):
                    faults[name] = "This should be a number."
                elif value is not None:
                    regions.setdefault(region, {})[figure] = value
        found[part] = {"by": by, "regions": regions}
    if faults:
        found = {part: each for part, each in found.items() if not _touches(faults, LETTERS[part])}
    return found, faults


def fields_of(kept):
    """The fields of a differential that is kept as JSON."""
    fields = {}
    for part, measured in kept.items():
        letter, by = LETTERS[part], measured["by"]
        fields[f"d-{letter}-by"] = [by]
        is_percent = all("percent" in region for region in measured["regions"].values())
        fields[f"d-{letter}-as"] = ["percent" if is_percent else "counts"]
        for region, figures in measured["regions"].items():
            for figure, value in figures.items():
                fields[f"d-{letter}-{by}-{region}-{figure}"] = [
                    f"{value:g}" if figure == "percent" else str(value)
                ]
    return fields


def field_of(parts):
    """The field of a refused path below `differential`."""
    return f"d-{LETTERS[parts[0]]}-by" if parts and parts[0] in LETTERS else "d-p-by"


def number(text):
    """A decimal number with a point or a comma; None when empty, the text itself when it is none."""
    plain = text.strip().replace(",", ".")
    try:
        return float(plain) if plain else None
    except ValueError:
        return text


def whole(text):
    """A whole number, its thousands apart if one likes; None when empty, the text itself when it is none."""
    plain = "".join(text.split())
    if not plain:
        return None
    return int(plain) if plain.isdecimal() and plain.isascii() and len(plain) <= MOST_DIGITS else text


def _touches(faults, letter):
    return any(name.startswith(f"d-{letter}-") for name in faults)
