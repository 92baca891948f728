"""Indications as ICD-10-CM codes (April 2026) with plain names, grouped as a referrer thinks of them.

Only codes that can be billed: the parents I26.0 and I26.9 are left out.
"""

from dataclasses import dataclass


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
    "I26.92": "Saddle embolus without acute right heart failure",
    "I26.93": "Single subsegmental pulmonary embolism",
    "I26.94": "Multiple subsegmental pulmonary emboli",
    "I26.09": "Pulmonary embolism with acute right heart failure",
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
    "I82.401": "Deep vein thrombosis, right leg",
    "I82.409": "Deep vein thrombosis, leg not specified",
    "J44.1": "COPD with worsening",
    "J44.9": "COPD",
    "J43.9": "Emphysema",
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
    "Z91.041": "Allergy to X-ray contrast",
    "N17.9": "Acute kidney failure",
    "N18.4": "Chronic kidney disease, stage 4",
    "N18.5": "Chronic kidney disease, stage 5",
    "N18.6": "End-stage kidney disease",
    "U09.9": "Condition after COVID-19",
    "Q21.10": "Atrial septal defect",
    "Q25.72": "Arteriovenous malformation of the lung, congenital",
    "I28.0": "Arteriovenous fistula of the lung vessels",
}

INDICATIONS = tuple(Indication(code, name) for code, name in _TABLE.items())


def read(text: str) -> tuple[str, str]:
    """(code, name) of what was typed: a code of the list, alone or with its name, else free text without a code."""
    typed = " ".join(text.split())
    first, _, rest = typed.partition(" ")
    code = first.upper().rstrip(",:;")
    if code in _TABLE:
        return code, rest or _TABLE[code]
    named = next((each for each in INDICATIONS if each.name.casefold() == typed.casefold()), None)
    return (named.code, named.name) if named else ("", typed)
