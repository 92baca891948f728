"""Invented people: names from several cultures and scripts, ages, addresses that lead nowhere.

Mail addresses end in `.example` (RFC 2606) and phone numbers lie in 555-0100 to 555-0199, which North
America keeps free for fiction.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from scheduling.demo.dice import Weighted
from scheduling.models import Language, Sex

_F, _M, UNKNOWN_SEX = Sex.FEMALE.value, Sex.MALE.value, Sex.UNKNOWN.value


@dataclass(frozen=True, slots=True)
class Culture:
    """Names as they are written, and the language of letters. `share` is a weight."""

    share: int
    language: str
    families: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]


def _culture(share, language, families, women, men):
    return Culture(share, language.value, tuple(families.split()), tuple(women.split()), tuple(men.split()))


CULTURES = (
    _culture(
        34,
        Language.EN,
        "Abbott Ashby Barlow Beckett Calloway Carver Dalton Ellery Fairbanks Garrison Hartley Holloway Ingram "
        "Jessup Kendrick Lockhart Merriweather Norwood Oakes Pemberton Quimby Ridgeway Stanton Thackeray "
        "Underhill Vance Whitcomb Yates O'Rourke MacAllister",
        "Adelaide Beatrice Clara Dorothy Eleanor Frances Grace Hannah Imogen Josephine Katherine Lydia Margaret "
        "Nora Opal Phoebe Rosalind Sylvia Tabitha Winifred",
        "Albert Benjamin Calvin Desmond Edgar Franklin Gilbert Harold Isaac Jasper Leonard Malcolm Nathaniel "
        "Oliver Percival Raymond Samuel Theodore Vernon Walter",
    ),
    _culture(
        14,
        Language.ES,
        "Aguilar Benítez Cárdenas Domínguez Escobar Figueroa Garibay Herrera Ibáñez Jaramillo Luján Montenegro "
        "Núñez Ordóñez Peralta Quintanilla Rosales Saldaña Tejada Urrutia Villaseñor Zamora",
        "Alma Beatriz Catalina Dolores Esperanza Graciela Inés Lucía Marisol Pilar Rocío Soledad",
        "Álvaro Bernardo César Emilio Fabián Gonzalo Héctor Joaquín Mateo Rafael Sebastián Tomás",
    ),
    _culture(
        10,
        Language.EN,
        "Adeyemi Boateng Chukwu Diallo Eze Fofana Gebre Kamau Mbeki Ndiaye Okafor Owusu Sesay Tshabalala Zulu",
        "Abena Chiamaka Efua Ifeoma Makena Ngozi Thandiwe Yaa Zainab",
        "Babajide Chidi Kwame Mandla Obinna Sipho Tunde Yaw Kofi",
    ),
    _culture(
        6,
        Language.DE,
        "Achterberg Brückner Dörfler Eichwald Fuchsberger Grünfeld Köstner Löwenthal Müllerleile Österreicher "
        "Rösler Süßmann Weißhaupt",
        "Annegret Brigitte Elfriede Gertrud Hannelore Jörgina Käthe Ursula",
        "Bernd Dietrich Ekkehard Günther Jürgen Lothar Rüdiger Wolfgang",
    ),
    _culture(
        5,
        Language.FR,
        "Beauchamp Chevalier Delacroix Éluard Fontaine Girardin L'Hôpital Marchand Noël Rousselet Villeneuve",
        "Adèle Céline Édith Geneviève Hélène Mireille Océane Solène",
        "Aurélien Benoît Émile François Gaël Loïc Rémi Théo",
    ),
    _culture(
        5,
        Language.EN,
        "Bielawski Čapek Dvořáčková Głowacki Horváth Jędrzejczyk Kowalczyk Łukasik Novotný Szabó Wiśniewski Žižka",
        "Agnieszka Božena Elżbieta Ilona Jadwiga Květa Małgorzata Zsófia",
        "Bogdan Csaba Dušan István Jiří Łukasz Přemysl Zbigniew",
    ),
    _culture(
        5,
        Language.EN,
        "Đặng Huỳnh Lương Nguyễn Phạm Trần Võ Arslan Çelik Öztürk Şahin Demirtaş",
        "Ánh Hương Ngọc Thúy Ayşe Elif Gülşen",
        "Dũng Hiếu Quốc Tuấn Emre İbrahim Oğuz",
    ),
    _culture(
        4,
        Language.EN,
        "Acharya Banerjee Chaturvedi Deshpande Iyer Kulkarni Mahajan Nair Patel Raghunathan Subramaniam",
        "Aishwarya Deepika Kavitha Lakshmi Meenakshi Priya Shalini",
        "Arvind Dinesh Ganesh Harish Karthik Rajesh Venkatesh",
    ),
    _culture(
        3,
        Language.EN,
        "Васильков Григорьева Жуковский Лисенко Орлова Щербаков",
        "Галина Людмила Оксана",
        "Борис Дмитрий Юрий",
    ),
    _culture(
        3,
        Language.AR,
        "الحداد الخطيب القاسم المنصور النجار حمدان",
        "أمينة زينب فاطمة ليلى",
        "إبراهيم خالد محمود يوسف",
    ),
    _culture(3, Language.ZH, "欧阳 陈 黄 林 刘 王 张 赵", "慧敏 静怡 丽华 秀英", "建国 伟 文博 志强"),
    _culture(2, Language.EN, "佐々木 小野寺 高橋 渡邉", "美咲 千代子 由美子", "健太郎 浩 誠"),
    _culture(2, Language.EN, "김 박 이 최 남궁", "서연 영숙 지은", "민준 성호 영수"),
    _culture(
        2,
        Language.EN,
        "Αλεξίου Γεωργιάδης Παπαδοπούλου Χατζής",
        "Ελένη Κατερίνα Σοφία",
        "Γιώργος Δημήτρης Νίκος",
    ),
    _culture(1, Language.EN, "אברהמי בן־דוד כהן לוי", "חנה מרים רחל", "דוד יעקב משה"),
    _culture(1, Language.EN, "शर्मा वर्मा त्रिपाठी", "अनीता सरिता", "रमेश सुरेश"),
)
_CULTURE = Weighted(CULTURES, [culture.share for culture in CULTURES])


@dataclass(slots=True)
class Person:
    """A patient to be: born in whole days before the day of the examination."""

    family: str
    given: str
    middle: str
    sex: str
    born_on: date
    language: str
    phone: str
    guardian: str
    mailable: bool
    weight_kg: float
    height_cm: float


def invent(rng, day):
    """A new person as of `day`. Deterministic for the state of `rng` (Dice)."""
    culture = _CULTURE.throw(rng)
    sex = _F if rng.random() < 0.56 else _M
    given = rng.choice(culture.women if sex == _F else culture.men)
    age = _age(rng, sex)
    child = age < 18
    return Person(
        family=rng.choice(culture.families),
        given=given,
        middle=rng.choice("ABCDEGJLMRST") + "." if rng.random() < 0.12 and given.isascii() else "",
        sex=sex,
        born_on=day - timedelta(days=int(age * 365.25) + rng.randrange(365)),
        language=culture.language,
        phone=phone(rng),
        guardian=rng.choice(culture.women) if child else "",
        mailable=rng.random() < 0.86,
        weight_kg=round(rng.gauss(30 + age if child else (74 if sex == _F else 86), 6 if child else 14), 1),
        height_cm=round(rng.gauss(100 + 4 * age if child else (163 if sex == _F else 177), 7), 1),
    )


def phone(rng):
    return f"+1 {rng.choice((212, 315, 518, 607, 716, 845, 914))}-555-01{rng.randrange(100):02d}"


def _age(rng, sex):
    """Most are old; a second, smaller group are women of child-bearing age; a few are children."""
    chance = rng.random()
    if chance < 0.01:
        return rng.randrange(8, 18)
    if chance < (0.20 if sex == _F else 0.06):
        return rng.randrange(19, 42)
    return min(96, max(24, int(rng.gauss(64, 15))))
