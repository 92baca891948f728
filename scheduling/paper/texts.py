"""The words of the letters on paper, by language. What a language lacks is said in English.

A department's own first and last paragraph (scheduling/letter_texts.py) stand in place of `opening` and `closing`.
"""

USUAL = "en"

LETTER = {
    "en": {
        "title": "Your appointment",
        "greeting": "Dear {name},",
        "greeting_unknown": "Dear patient,",
        "opening": "Please come to {clinic} at the time below.",
        "opening_more": "Please come to {clinic} at the times below. You need all of these visits.",
        "visit": "Your visit",
        "visits": ("First visit", "Second visit", "Third visit"),
        "leave": "You can leave at about {time}.",
        "where": "Where",
        "phone": "Phone",
        "number": "Your number",
        "steps": "What happens",
        "xray": "Chest X-ray",
        "lungs": "Lung scan",
        "prepare": "Please bring this letter, your identity card, and a list of your medicines.",
        "call": "Phone us if you cannot come, or if you feel worse before the appointment.",
        "call_detailed": (
            "Phone us if you cannot come, if you are or could be pregnant, if you are breastfeeding, "
            "or if you feel worse before the appointment."
        ),
        "closing": "With kind regards",
        "ended": "This appointment is {state}. Please do not come.",
        "printed": "Printed {time}",
    },
}


def of(language: str) -> dict:
    """All words of the letter in a language, the missing ones in English."""
    return {**LETTER[USUAL], **LETTER.get(language, {})}
