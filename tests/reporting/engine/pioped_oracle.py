"""PIOPED I and modified PIOPED II a second time, slowly and straight from the JSON of a reading: no table, no facts.

Every way to explain the defects is tried. Written from the criteria, not from the code that it checks.
"""

from itertools import product

LUNGS = {
    "right": {
        "upper": ["RB1", "RB2", "RB3"],
        "middle": ["RB4", "RB5", "RB6"],
        "lower": ["RB7", "RB8", "RB9", "RB10"],
    },
    "left": {
        "upper": ["LB1+2", "LB3"],
        "middle": ["LB4", "LB5", "LB6"],
        "lower": ["LB8", "LB9", "LB10"],
    },
}
PLACE = {
    code: (side, zone) for side, zones in LUNGS.items() for zone, codes in zones.items() for code in codes
}
TENTHS = {"RB1": 179 / 3, "RB4": 93 / 2, "RB6": 265 / 5, "LB1+2": 231 / 4, "LB6": 232 / 4}
LOBE_OF = {
    **dict.fromkeys(["RB1", "RB2", "RB3"], "RB1"),
    **dict.fromkeys(["RB4", "RB5"], "RB4"),
    **dict.fromkeys(["RB6", "RB7", "RB8", "RB9", "RB10"], "RB6"),
    **dict.fromkeys(["LB1+2", "LB3", "LB4", "LB5"], "LB1+2"),
    **dict.fromkeys(["LB6", "LB8", "LB9", "LB10"], "LB6"),
}
HALVES = {"large": 2, "moderate": 1, "small": 0}
LISTED = {
    "enlarged_hilum",
    "cardiomegaly",
    "elevated_diaphragm",
    "linear_atelectasis",
    "costophrenic_effusion",
}


def modified_pioped_ii(reading, high_from=2, with_ventilation=True):
    """normal | high | very low | nondiagnostic"""
    segments, causes, effusions = _parts(reading)
    defects = {code: each for code, each in segments.items() if each["perfusion"] != "normal"}
    if not defects and not causes and not effusions:
        return "normal"
    halves = sum(
        HALVES[each["perfusion"]] for each in defects.values() if _mismatched(each, with_ventilation)
    )
    if halves >= 2 * high_from:
        return "high"
    if causes:
        lone = not defects and not effusions and all(each["xray"] == "clear" for each in segments.values())
        return "very low" if lone and causes <= LISTED else "nondiagnostic"
    if effusions:
        behind = all(
            PLACE[code][0] == effusions[0] and each["xray"] in ("equal", "larger")
            for code, each in defects.items()
        )
        return "very low" if len(effusions) == 1 and behind else "nondiagnostic"
    if len(defects) == 1:
        ((code, only),) = defects.items()
        match = only["ventilation"] in ("matched", "worse") or not with_ventilation
        if only["xray"] == "equal" and match and PLACE[code][1] != "lower":
            return "very low"
    return "very low" if _explained(defects, with_ventilation) else "nondiagnostic"


def _explained(defects, with_ventilation):
    ways = "bceg" if with_ventilation else "bce"
    matched = [
        PLACE[code]
        for code, each in defects.items()
        if each["ventilation"] in ("matched", "worse") and each["xray"] == "clear"
    ]
    two_zones = any(len({zone for lung, zone in matched if lung == side}) > 1 for side in LUNGS)
    for chosen in product(ways, repeat=len(defects)):
        fits = all(
            (way == "b" and each["xray"] == "larger")
            or (way == "c" and each["perfusion"] == "small")
            or (way == "e" and each.get("stripe"))
            or (
                way == "g"
                and two_zones
                and each["ventilation"] in ("matched", "worse")
                and each["xray"] == "clear"
            )
            for way, each in zip(chosen, defects.values(), strict=True)
        )
        if fits and chosen.count("c") <= 3:
            return True
    return False


def pioped_i(reading):
    """normal | high | very low | low | intermediate"""
    segments, causes, effusions = _parts(reading)
    defects = {code: each for code, each in segments.items() if each["perfusion"] != "normal"}
    nonsegmental = bool(causes or effusions)
    if not defects:
        return "low" if nonsegmental else "normal"
    mismatched = [each["perfusion"] for each in defects.values() if _mismatched(each, True)]
    large, moderate = mismatched.count("large"), mismatched.count("moderate")
    if large >= 2 or (large >= 1 and moderate >= 2) or moderate >= 4:
        return "high"
    if nonsegmental:
        return "intermediate"
    return _low(segments, defects)


def _low(segments, defects):
    sizes = [each["perfusion"] for each in defects.values()]
    xrays = {each["xray"] for each in defects.values()}
    all_small = set(sizes) == {"small"}
    clear = {each["xray"] for each in segments.values()} == {"clear"}
    if all_small and len(sizes) <= 3 and clear:
        return "very low"
    low = (
        (sizes == ["moderate"] and clear)
        or xrays == {"larger"}
        or _limited_match(segments, defects)
        or (all_small and len(sizes) > 3)
        or (all_small and len(sizes) <= 3 and xrays == {"equal"})
    )
    return "low" if low else "intermediate"


def _limited_match(segments, defects):
    if any(each["ventilation"] not in ("matched", "worse") for each in defects.values()):
        return False
    if any(each["xray"] in ("equal", "larger") for each in segments.values()):
        return False
    for zones in LUNGS.values():
        if _part(defects, [code for codes in zones.values() for code in codes]) > 0.5000001:
            return False
        if any(_part(defects, codes) > 0.7500001 for codes in zones.values()):
            return False
    return True


def _part(defects, codes):
    volume = {code: TENTHS[LOBE_OF[code]] for code in codes}
    taken = sum(volume[code] * HALVES[defects[code]["perfusion"]] / 2 for code in codes if code in defects)
    return taken / sum(volume.values())


def _mismatched(each, with_ventilation):
    ventilated = each["ventilation"] in ("normal", "smaller") or not with_ventilation
    return ventilated and each["xray"] in ("clear", "smaller")


def _parts(reading):
    effusions = [side for side in ("right", "left") if reading["effusion"].get(side) == "large"]
    return reading["segments"], set(reading["nonsegmental"]), effusions
