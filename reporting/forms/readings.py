"""The reading's fields: the one translation between the form and the JSON that a report keeps.

Fields, each empty while not assessed (codes as in engine/segments.py, words as in engine/findings/vocabulary.py):
`q-RB1` perfusion, `v-RB1` ventilation, `x-RB1` X-ray, `w-RB1` wedge (yes | no), `s-RB1` stripe sign (a checkbox);
`nonsegmental`, `limits` and `other` (many), `near_normal` (a checkbox), `effusion_right`, `effusion_left`, `quality`,
`limits_note`, `cteph` (yes | no), `other_note`, `confidence`, `prior`, `technique`, `comparison_order`,
`comparison_change`, `comparison_note`; and the figures of forms/differentials.py. The hidden field `reading` says that
they were on the page at all, and names the scheme of segments. `rest_normal` (letters of columns, such as "qvx") is
the button that makes whatever is not assessed normal, `clear` (letters too) the one that empties columns.
"""

from django.utils.datastructures import MultiValueDict

from reporting.engine.findings import InvalidReading, as_json, parse
from reporting.engine.segments import SEGMENTS
from reporting.forms import differentials

MARK = "reading"
COLUMNS = {"q": "perfusion", "v": "ventilation", "x": "xray", "w": "wedge", "s": "stripe"}
LETTERS = {name: letter for letter, name in COLUMNS.items()}
REST = "rest_normal"
CLEAR = "clear"
NORMAL = {"q": "normal", "v": "normal", "x": "clear"}
TRUTH = {"yes": True, "no": False}
MANY = ("nonsegmental", "limits", "other")
PLAIN = ("quality", "limits_note", "other_note", "confidence", "prior", "technique")
WITHIN = {
    "effusion.right": "effusion_right",
    "effusion.left": "effusion_left",
    "comparison.prior_order": "comparison_order",
    "comparison.change": "comparison_change",
    "comparison.note": "comparison_note",
}


def is_there(data):
    """Whether the reading's fields were on the page that sent this."""
    return MARK in data


def reading_of(data):
    """(the reading as JSON, {field: sentence} of what cannot be right and is left out of it) of a sent form."""
    kept, faults = _raw(data)
    while True:
        try:
            return as_json(parse(kept)), faults
        except InvalidReading as refusal:
            faults.setdefault(field_of(refusal.path), refusal.sentence)
            _drop(kept, refusal.path.split("."))


def fields_of(kept):
    """The fields, as a form sends them, of a reading that is kept as JSON."""
    reading = parse(kept)
    known = as_json(reading)
    fields = {MARK: [reading.segment_scheme]}
    for finding in reading.segments:
        for letter, name in COLUMNS.items():
            fields[f"{letter}-{finding.code}"] = [_said(getattr(finding, name), letter)]
    fields |= {name: known.get(name, []) for name in MANY}
    fields |= {name: [known[name]] for name in PLAIN if name in known}
    for path, field in WITHIN.items():
        under, name = path.split(".")
        fields[field] = [str(known.get(under, {}).get(name, ""))]
    fields["near_normal"] = ["yes"] if reading.near_normal else []
    fields["cteph"] = [_said(reading.cteph, "w")]
    fields |= differentials.fields_of(known.get("differential", {}))
    return MultiValueDict({name: values for name, values in fields.items() if values and values != [""]})


def field_of(path):
    """The field that a path of the JSON belongs to; the whole map where it is none of a single field."""
    parts = path.split(".")
    if parts[0] == "segments" and len(parts) == 3:
        return f"{LETTERS[parts[2]]}-{parts[1]}"
    if parts[0] == "differential":
        return differentials.field_of(parts[1:])
    return MARK if path == "segment_scheme" else WITHIN.get(path, parts[0])


def _raw(data):
    scheme = data.get(MARK, "")
    kept = {"segments": {}, "effusion": {}, "comparison": {}}
    kept["segment_scheme"] = scheme
    kept["segments"] = {segment.code: _segment(data, segment.code) for segment in SEGMENTS.get(scheme, ())}
    for path, field in WITHIN.items():
        under, name = path.split(".")
        kept[under][name] = data.get(field, "")
    kept |= {name: data.getlist(name) for name in MANY}
    kept |= {name: data.get(name, "") for name in PLAIN}
    kept["near_normal"] = bool(data.get("near_normal"))
    kept["cteph"] = _truth(data.get("cteph", ""))
    order = kept["comparison"].pop("prior_order")
    if order:
        kept["comparison"]["prior_order"] = differentials.whole(order)
    kept["differential"], faults = differentials.raw(data)
    return kept, faults


def _segment(data, code):
    found = {name: data.get(f"{letter}-{code}", "") for letter, name in COLUMNS.items()}
    for letter in data.get(REST, ""):
        if letter in NORMAL:
            found[COLUMNS[letter]] = found[COLUMNS[letter]] or NORMAL[letter]
    for letter in data.get(CLEAR, ""):
        if letter in NORMAL:
            found[COLUMNS[letter]] = ""
    return found | {"wedge": _truth(found["wedge"]), "stripe": bool(found["stripe"])}


def _truth(text):
    """True, False, None for empty; what is neither stays as it is, for the sentence that refuses it."""
    return TRUTH.get(text, text) if text else None


def _said(value, letter):
    if letter == "w":
        return "" if value is None else "yes" if value else "no"
    if letter == "s":
        return "yes" if value else ""
    return str(value)


def _drop(kept, parts):
    """Leave out what was refused. Figures of a differential stand or fall together."""
    *under, last = parts[:2] if parts[0] == "differential" else parts
    for part in under:
        kept = kept[part]
    kept.pop(last)
