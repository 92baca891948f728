"""Reporting schemes and their categories. A category exists only inside its scheme: "Normal" of PIOPED I and
"Normal" of modified PIOPED II are different findings and are never compared.

Groups say what a result means to the patient's care. A group is not a message: a low probability with a high
clinical prior still carried about 40 % pulmonary embolism (PIOPED I).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Group(StrEnum):
    UNLIKELY = "unlikely"
    UNCLEAR = "unclear"
    LIKELY = "likely"


GROUP_LABELS: Mapping[Group, str] = MappingProxyType(
    {
        Group.UNLIKELY: "PE unlikely",
        Group.UNCLEAR: "Could not tell",
        Group.LIKELY: "PE likely",
    }
)


@dataclass(frozen=True, slots=True)
class Category:
    key: str
    label: str
    group: Group


@dataclass(frozen=True, slots=True)
class Scheme:
    """`source` is where the terms come from; categories are in reading order."""

    key: str
    name: str
    source: str
    categories: tuple[Category, ...]


def group_of(scheme: str, category: str) -> Group:
    """The group of a category. Raises KeyError when the scheme, or the category within it, does not exist."""
    for each in SCHEMES[scheme].categories:
        if each.key == category:
            return each.group
    raise KeyError(f"{scheme} has no category {category}")


def label_of(scheme: str, category: str) -> str:
    """The term as the reader knows it. Raises KeyError like `group_of`."""
    for each in SCHEMES[scheme].categories:
        if each.key == category:
            return each.label
    raise KeyError(f"{scheme} has no category {category}")


_NORMAL = Category("normal", "Normal", Group.UNLIKELY)
_VERY_LOW = Category("very_low_probability", "Very low probability", Group.UNLIKELY)
_LOW = Category("low_probability", "Low probability", Group.UNLIKELY)
_ABSENT = Category("pe_absent", "PE absent", Group.UNLIKELY)
_NO_EVIDENCE = Category("no_evidence_of_pe", "No evidence of PE", Group.UNLIKELY)
_INTERMEDIATE = Category("intermediate_probability", "Intermediate probability", Group.UNCLEAR)
_INDETERMINATE = Category("indeterminate_probability", "Indeterminate probability", Group.UNCLEAR)
_NONDIAGNOSTIC = Category("nondiagnostic", "Nondiagnostic", Group.UNCLEAR)
_HIGH = Category("high_probability", "High probability", Group.LIKELY)
_PRESENT = Category("pe_present", "PE present", Group.LIKELY)
_POSITIVE = Category("pe_positive", "PE-positive", Group.LIKELY)

DEFAULT_SCHEME = "TEN_TERMS"

_ALL = (
    Scheme(
        DEFAULT_SCHEME,
        "Ten terms in three groups",
        "Cleveland Clinic, VQ Scan, 2023",
        (
            _NORMAL,
            _LOW,
            _ABSENT,
            _NO_EVIDENCE,
            _INTERMEDIATE,
            _INDETERMINATE,
            _NONDIAGNOSTIC,
            _HIGH,
            _PRESENT,
            _POSITIVE,
        ),
    ),
    Scheme(
        "PIOPED_I",
        "PIOPED I",
        "PIOPED criteria as in JNMRS-2020-1-101, table 4",
        (
            _NORMAL,
            _VERY_LOW,
            _LOW,
            Category(
                "intermediate_or_indeterminate", "Intermediate or indeterminate probability", Group.UNCLEAR
            ),
            _HIGH,
        ),
    ),
    Scheme(
        "MOD_PIOPED_II",
        "Modified PIOPED II, ventilation and perfusion",
        "J Nucl Med Technol criteria table",
        (_NORMAL, _VERY_LOW, _NONDIAGNOSTIC, _HIGH),
    ),
    Scheme(
        "MOD_PIOPED_II_Q",
        "Modified PIOPED II, perfusion and chest X-ray",
        "J Nucl Med Technol criteria table",
        (_ABSENT, _NONDIAGNOSTIC, _PRESENT),
    ),
    Scheme(
        "PISAPED",
        "PISAPED, perfusion and chest X-ray",
        "J Nucl Med Technol criteria table",
        (_ABSENT, _NONDIAGNOSTIC, _PRESENT),
    ),
    Scheme(
        "EANM_SPECT",
        "EANM, SPECT",
        "EANM guideline 2019",
        (Category("no_pe", "No PE", Group.UNLIKELY), _NONDIAGNOSTIC, _PRESENT),
    ),
    Scheme(
        "TRINARY",
        "Trinary",
        "J Nucl Med 2010;51(suppl 2):41",
        (_NO_EVIDENCE, _NONDIAGNOSTIC, _PRESENT),
    ),
)

SCHEMES: Mapping[str, Scheme] = MappingProxyType({scheme.key: scheme for scheme in _ALL})
