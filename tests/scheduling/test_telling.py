"""The words that give an appointment away are found in every language, and everyday words are not."""

import pytest

from scheduling.checks import neutral_addresses
from scheduling.models import Language
from scheduling.telling import BY_LANGUAGE, STRICTER, telling_anywhere, telling_words

TELLING = {
    "en": "nuclear|radiology|lungs|pulmonary|chest|scan|X-ray|xray|V/Q|VQ|tracer|perfusion|ventilation|pregnant"
    "|pregnancy|breast|breastfeeding|imaging|gamma camera|SPECT|embolism|clot|injection|isotope|diagnosis",
    "es": "nuclear|radiología|pulmones|pulmonar|tórax|escáner|gammagrafía|radiografía|rayos X|trazador|perfusión"
    "|ventilación|embarazo|embarazada|lactancia|pecho|mama|inyección|embolia|coágulo|diagnóstico",
    "de": "Nuklearmedizin|Radiologie|Lunge|Brust|Röntgen|Roentgen|Szintigrafie|Scan|Tracer|Perfusion|Ventilation"
    "|Durchblutung|schwanger|Schwangerschaft|stillen|Stillzeit|Spritze|Lungenembolie|Gerinnsel|Untersuchung|Thorax",
    "fr": "nucléaire|radiologie|poumons|pulmonaire|thorax|scintigraphie|scanner|radiographie|rayons X|traceur|perfusion"
    "|ventilation|enceinte|grossesse|allaiter|sein|piqûre|embolie|caillot|examen|poitrine",
    "ar": "الطب النووي|أشعة|الأشعة|رئة|الرئة|الرئتين|رئوي|صدر|الصدر|مسح|فحص|تصوير|إشعاع|تهوية|تروية|حامل|الحمل|إرضاع"
    "|الرضاعة|ترضعين|ثدي|حقن|جلطة|تشخيص|الرِئة",
    "zh-Hans": "核医学|放射科|肺|胸片|X光|扫描|显像|示踪剂|灌注|通气|怀孕|孕妇|哺乳|母乳|注射|血栓|检查|造影|栓塞",
}
EVERYDAY = {
    "en": "appointment|clinic|time|phone|page|entrance|respect|still|Thursday|Riverside|confirm|the letter",
    "es": "cita|clínica|hora|teléfono|página|entrada|mañana|miércoles|confirmar|carta|camino",
    "de": "Termin|Klinik|Zeit|Telefon|Seite|Eingang|still|Mittwoch|bestätigen|Brief|bestimmt|Inhalt",
    "fr": "rendez-vous|clinique|heure|téléphone|page|entrée|ensemble|essentiel|mercredi|confirmer|lettre|dessein",
    "ar": "موعد|عيادة|وقت|هاتف|صفحة|مدخل|طارئة|تحميل|مصدر|الأربعاء|تأكيد|رسالة|محجوز",
    "zh-Hans": "预约|诊所|时间|电话|页面|入口|星期三|确认|信|核对|提醒",
}


@pytest.mark.parametrize(
    ("language", "word"), [(code, w) for code, all_ in TELLING.items() for w in all_.split("|")]
)
def test_a_word_that_tells_is_found(language, word):
    assert telling_words(f"… {word} …", language) != []


@pytest.mark.parametrize(
    ("language", "word"), [(code, w) for code, all_ in EVERYDAY.items() for w in all_.split("|")]
)
def test_an_everyday_word_is_not(language, word):
    assert telling_words(f"… {word} …", language, strictly=True) == []


def test_every_language_of_patients_has_its_lists():
    assert set(BY_LANGUAGE) == set(STRICTER) == set(Language.values) == set(TELLING)


def test_english_words_tell_in_every_language():
    for language in Language.values:
        assert telling_words("X-ray, V/Q scan", language) != []


def test_a_text_message_says_less_than_a_mail():
    assert telling_words("Your result is ready", strictly=True) == ["result"]
    assert telling_words("Your result is ready") == []


def test_a_clinics_name_is_judged_in_every_language():
    assert telling_anywhere("Klinik für Nuklearmedizin") == ["Nuklear"]
    assert telling_anywhere("Nuclear Medicine, Lung Scan & X-Ray unit") == [
        "Lung",
        "Nuclear",
        "Scan",
        "X-Ray",
    ]
    assert telling_anywhere("Riverside Clinic, Entrance B, level 2") == []


def test_an_address_that_tells_is_warned_of(settings):
    settings.DEFAULT_FROM_EMAIL = "appointments@clinic.example"
    settings.PUBLIC_URL = "https://book.clinic.example"
    assert neutral_addresses(None) == []
    settings.DEFAULT_FROM_EMAIL = "Riverside <nuclear-medicine@clinic.example>"
    settings.PUBLIC_URL = "https://radiologie.clinic.example"
    assert [each.id for each in neutral_addresses(None)] == ["scheduling.W001"] * 2
