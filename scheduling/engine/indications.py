"""Indications as ICD-10-CM codes with plain names, grouped as a referrer thinks of them.

Source: the code tables of ICD-10-CM, fiscal year 2026, April update (CDC/NCHS). Only codes that can be billed: the
parents I26.0, I26.9 and Q21.1 are left out. An outpatient's symptom is coded, not what is to be ruled out
(ICD-10-CM Official Guidelines, section IV.H).
"""

from dataclasses import dataclass

MOST = 8


@dataclass(frozen=True, slots=True)
class Indication:
    code: str
    name: str

    @property
    def label(self) -> str:
        """ "R06.02 Shortness of breath", as it stands in the list."""
        return f"{self.code} {self.name}"


_TABLE = {
    "R06.02": "Shortness of breath",
    "R06.00": "Dyspnoea, unspecified",
    "R06.03": "Acute respiratory distress",
    "R06.09": "Other dyspnoea",
    "R06.82": "Fast breathing",
    "R07.1": "Chest pain on breathing",
    "R07.2": "Pain over the heart",
    "R07.89": "Other chest pain",
    "R07.9": "Chest pain, unspecified",
    "R04.2": "Coughing up blood",
    "R09.02": "Low oxygen in the blood",
    "R55": "Fainting",
    "R00.0": "Fast heartbeat",
    "R79.1": "Abnormal coagulation test",
    "R79.89": "Abnormal blood test (raised D-dimer)",
    "R94.2": "Abnormal lung function test",
    "R91.8": "Abnormal finding on a lung picture",
    "I26.99": "Pulmonary embolism without acute right heart failure",
    "I26.90": "Septic pulmonary embolism without acute right heart failure",
    "I26.95": "Cement embolism without acute right heart failure",
    "I26.96": "Fat embolism of the lung without acute right heart failure",
    "I26.92": "Saddle embolus without acute right heart failure",
    "I26.93": "Single subsegmental pulmonary embolism",
    "I26.94": "Multiple subsegmental pulmonary emboli",
    "I26.09": "Pulmonary embolism with acute right heart failure",
    "I26.01": "Septic pulmonary embolism with acute right heart failure",
    "I26.03": "Cement embolism with acute right heart failure",
    "I26.04": "Fat embolism of the lung with acute right heart failure",
    "I26.02": "Saddle embolus with acute right heart failure",
    "I27.82": "Chronic pulmonary embolism",
    "I27.24": "Chronic thromboembolic pulmonary hypertension",
    "I27.0": "Primary pulmonary hypertension",
    "I27.20": "Pulmonary hypertension, unspecified",
    "I27.21": "Secondary pulmonary arterial hypertension",
    "I27.22": "Pulmonary hypertension from left heart disease",
    "I27.23": "Pulmonary hypertension from lung disease",
    "I27.29": "Other secondary pulmonary hypertension",
    "I27.83": "Eisenmenger syndrome",
    "Z86.711": "Earlier pulmonary embolism",
    "Z86.718": "Earlier venous thrombosis",
    "D68.61": "Antiphospholipid syndrome",
    "D68.59": "Inherited tendency to clot",
    "I82.401": "Deep vein thrombosis, right leg",
    "I82.402": "Deep vein thrombosis, left leg",
    "I82.403": "Deep vein thrombosis, both legs",
    "I82.409": "Deep vein thrombosis, leg not specified",
    "J44.1": "COPD with worsening",
    "J44.9": "COPD",
    "J43.9": "Emphysema",
    "J84.10": "Pulmonary fibrosis",
    "C34.90": "Lung cancer, place not specified",
    "O88.211": "Embolism in pregnancy, first trimester",
    "O88.212": "Embolism in pregnancy, second trimester",
    "O88.213": "Embolism in pregnancy, third trimester",
    "O88.219": "Embolism in pregnancy, trimester not specified",
    "O88.22": "Embolism in childbirth",
    "O88.23": "Embolism after childbirth",
    "Z33.1": "Pregnant",
    "Z39.1": "Breastfeeding",
    "Z94.2": "Lung transplant",
    "T86.810": "Lung transplant rejection",
    "Z01.811": "Examination before lung surgery",
    "Z01.818": "Examination before another operation",
    "Z91.041": "Allergy to X-ray contrast",
    "N17.9": "Acute kidney failure",
    "N18.4": "Chronic kidney disease, stage 4",
    "N18.5": "Chronic kidney disease, stage 5",
    "N18.6": "End-stage kidney disease",
    "U09.9": "Condition after COVID-19",
    "Q21.10": "Atrial septal defect",
    "Q25.72": "Arteriovenous malformation of the lung, congenital",
    "Q25.6": "Narrow pulmonary artery, congenital",
    "M34.81": "Systemic sclerosis with lung involvement",
    "I28.0": "Arteriovenous fistula of the lung vessels",
}

INDICATIONS = tuple(Indication(code, name) for code, name in _TABLE.items())
# What referrers write instead of the words of the list.
SYNONYMS = {
    "sob": ("R06.02",),
    "dyspnea": ("R06.00", "R06.02", "R06.09"),
    "breathlessness": ("R06.02",),
    "tachypnoea": ("R06.82",),
    "tachypnea": ("R06.82",),
    "pleuritic": ("R07.1",),
    "haemoptysis": ("R04.2",),
    "hemoptysis": ("R04.2",),
    "hypoxia": ("R09.02",),
    "hypoxemia": ("R09.02",),
    "hypoxaemia": ("R09.02",),
    "syncope": ("R55",),
    "collapse": ("R55",),
    "tachycardia": ("R00.0",),
    "d-dimer": ("R79.89",),
    "pe": ("I26.99", "I26.93", "I26.94", "I26.09", "Z86.711"),
    "lae": ("I26.99",),
    "cteph": ("I27.24",),
    "pah": ("I27.0", "I27.21"),
    "ph": ("I27.20", "I27.0", "I27.24"),
    "dvt": ("I82.409", "I82.401", "I82.402", "Z86.718"),
    "vte": ("Z86.718", "Z86.711"),
    "ckd": ("N18.4", "N18.5", "N18.6"),
    "aki": ("N17.9",),
    "renal": ("N17.9", "N18.4", "N18.5", "N18.6"),
    "dialysis": ("N18.6",),
    "contrast": ("Z91.041",),
    "covid": ("U09.9",),
    "lactation": ("Z39.1",),
    "copd": ("J44.9", "J44.1"),
    "ild": ("J84.10",),
    "avm": ("Q25.72", "I28.0"),
    "asd": ("Q21.10",),
    "preop": ("Z01.811", "Z01.818"),
}


def matching(text: str, *, limit: int = MOST) -> tuple[Indication, ...]:
    """Those that fit what was typed, the likest first: by code, beginnings of words, what else they are called."""
    typed = text.casefold().replace(",", " ").split()
    if not typed:
        return ()
    ranked = [(rank, at) for at, each in enumerate(INDICATIONS) if (rank := _rank(each, typed)) is not None]
    return tuple(INDICATIONS[at] for _, at in sorted(ranked)[:limit])


def _rank(indication: Indication, typed: list[str]) -> float | None:
    """How well all typed words fit, 0 best, or None when one does not."""
    ranks = [rank for word in typed if (rank := _rank_of_word(indication, word)) is not None]
    return sum(ranks) if len(ranks) == len(typed) else None


def _rank_of_word(indication: Indication, word: str) -> float | None:
    code, words = indication.code.casefold(), indication.name.casefold().replace(",", " ").split()
    bare = word.replace(".", "")
    if code == word or (len(bare) > 1 and code.replace(".", "").startswith(bare)):
        return 0
    called = [key for key, codes in SYNONYMS.items() if key.startswith(word) and indication.code in codes]
    if word in SYNONYMS and indication.code in SYNONYMS[word]:
        return SYNONYMS[word].index(indication.code) / 10
    if any(each.startswith(word) for each in words):
        return 1
    if called and len(word) > 2:
        return 2
    return 3 if len(word) > 3 and word in indication.name.casefold() else None


def read(text: str) -> tuple[str, str]:
    """(code, name) of what was typed: a code of the list, alone or with its name, else free text without a code."""
    typed = " ".join(text.split())
    first, _, rest = typed.partition(" ")
    code = first.upper().rstrip(",:;")
    if code in _TABLE:
        return code, rest or _TABLE[code]
    named = next((each for each in INDICATIONS if each.name.casefold() == typed.casefold()), None)
    return (named.code, named.name) if named else ("", typed)
