"""Words that give away what an appointment is for, in every language that mail is written in.

They may stand in no mail that anyone may see, nor in a clinic's name, place or address, in a file's name or in a
calendar: who sees a phone's lock screen or shares an inbox would know. Stems, looked for without regard to case.
A new language brings its own list.
"""

import re
import unicodedata
from functools import cache

EVERYWHERE = (
    r"nuclear|radiolog|\blung|pulmon|\bchest|thora[xk]|thorac|\bscan|x-?ray|\bv\s?/\s?q\b|\bvq\b|tracer|radioact|isotop"
    r"|perfusion|ventilat|embol|thromb|\bclot|pregnan|breast|examination|imaging|camera|\bspect\b|\bspect[-/]|diagnos"
    r"|technetium|technegas|xenon|krypton|scintigr|gamma|inhala|injection"
)
"""English, and what much of the world writes alike: held against the words of every language."""

BY_LANGUAGE = {
    "en": r"\binject|\bneedle|\bnursing a|\bbreath|\boxygen",
    "es": (
        r"radi[oó]graf|rayos|pulm[oó]n|t[oó]rax|tor[aá]c|gammagra|esc[aá]ner|escanear|trazador|radiactiv|is[oó]top"
        r"|perfusi[oó]n|ventilaci|embolia|tromb|co[aá]gulo|embaraz|gestante|gestaci|lactan|amamant|\bmamas?\b|\bpechos?\b"
        r"|diagn[oó]st|exploraci|\bexam[eé]n|\bpruebas?\b|c[aá]mara|im[aá]gen|inyec|tomogra|respira|ox[ií]geno"
    ),
    "de": (
        r"nuklear|r(?:ö|oe|o)ntgen|\blunge|pulmo|\bbrust|szinti|radioakt|durchblut|bel[üu]ft|gerinnsel|schwanger"
        r"|\bstill(?:en|e|end\w*|t|zeit)\b|untersuchung|bildgeb|kamera|strahl|spritze|injektion|inhalier|inhalator|\batem|\batm"
        r"|sauerstoff|aufnahme"
    ),
    "fr": (
        r"nucl[ée]air|radiograph|\bradios?\b|rayons?\b|poumon|\bpouls|thorax|scanner|traceur|radio-?activ|caillot"
        r"|enceinte|grossesse|allait|\bseins?\b|poitrine|\bexamens?\b|imagerie|cam[ée]ra|piq[ûu]re|respir|oxyg[èe]ne"
    ),
    # طارئة (an emergency) holds the letters of "lung".
    "ar": (
        r"نووي|نوويه|إشعاع|اشعاع|أشعة|اشعة|(?<!ا)رئة|رئوي|رئت|\b(?:ال|ب|لل|بال)?صدر(?:ك|ي|ية)?\b|\b\w{0,3}مسح\b|فحص|تصوير"
        r"|كاشف|مشع|نظائر|تروية|إرواء|تهوية|صمة|انصمام|جلطة|تجلط|\b(?:ال|وال)?(?:حامل|حمل|الحمل)\b|رضاع|ترضع|ثدي|كاميرا"
        r"|تشخيص|حقن|استنشاق|أكسجين"
    ),
    "zh-Hans": (
        r"核医|核素|核磁|放射|肺|胸|扫描|光片|[xＸ]\s?[光线]|射线|透视|显像|造影|影像|成像|示踪|同位素|灌注|通气|栓塞|血栓|血块"
        r"|孕|哺乳|母乳|乳房|检查|诊断|相机|注射|吸入|断层|氧气"
    ),
}

STRICTER = {
    "en": r"result|report|\btests?\b|treatment|medicine|medical record|\bdrug|allerg|blood|\bpain|doctor|consent",
    "es": r"resultado|informe|tratamiento|medicamento|alergi|sangre|dolor|m[eé]dic",
    "de": r"ergebnis|befund|behandlung|medikament|allergi|\bblut|schmerz|\barzt|ärzt",
    "fr": r"r[ée]sultat|compte rendu|traitement|m[ée]dicament|allergi|\bsang\b|douleur|m[ée]decin",
    "ar": r"نتيج|نتائج|تقرير|علاج|دواء|أدوية|حساسية|ألم|طبيب",
    "zh-Hans": r"结果|报告|治疗|药|过敏|血|疼|医生",
}
"""Also not in a text message, which lies open on the lock screen."""


def telling_words(text: str, language: str = "en", *, strictly: bool = False) -> list[str]:
    """The words of a text in this language that give away what an appointment is for; `strictly`: in a text message."""
    plain = unicodedata.normalize("NFC", text)
    # Marks over Arabic letters are optional; nobody is to hide a word by one.
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Mn")
    return [found[0] for found in _pattern(language, strictly).finditer(plain)]


def telling_anywhere(text: str) -> list[str]:
    """The same for a name or a place, whose language nobody knows."""
    return sorted({word for language in BY_LANGUAGE for word in telling_words(text, language)})


@cache
def _pattern(language, strictly):
    lists = [EVERYWHERE, BY_LANGUAGE.get(language, "")] + ([STRICTER.get(language, "")] if strictly else [])
    return re.compile("|".join(each for each in lists if each), re.IGNORECASE)
