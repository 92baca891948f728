"""The reader's list, the page of one report with its form, the answer of the criteria, and a save."""

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

import vqflow.wsgi  # noqa: F401  (what is loaded is set aside, as in the web process)
from reporting import lungs, paper, worklist
from reporting.demo import readings
from reporting.engine.findings import Level, Study, Technique
from reporting.engine.segments import SEGMENTS
from reporting.models import ReportVersion
from reporting.services import drafting, evaluation, reading, versions
from reporting.views.papers import PICTURED
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed
from vqflow.models import Grade, Role, User

RUNS = 40
LIKELY_PICTURE = 9  # of the demonstration's: large mismatched defects in both lungs
AUTOSAVE, POLL = {"X-VQFlow-Autosave": "1"}, {"X-VQFlow-Poll": "1"}
WORDS = {"q": "normal", "v": "normal", "x": "clear"}


@measures("reporting")
def pages():
    """Through the WSGI application, with its middleware, session and audit row."""
    by = _reader()
    order = worklist.unread(by).filter(worklist.NOT_BEGUN).first() or worklist.unread(by).first()
    client = Client()
    client.force_login(by)
    page, every = f"/reports/{order.pk}/", _every_segment(order)
    with override_settings(ALLOWED_HOSTS=["testserver"]):

        def ask(address):
            answer = client.get(address)
            assert answer.status_code == 200, address

        def evaluate(number):
            sent = every | {"q-RB1": ("large", "small")[number % 2]}
            assert client.post(f"{page}evaluate/", sent, headers=POLL).status_code == 200

        def save(number):
            sent = every | {"version": drafting.of(order).draft_version, "findings": f"Take {number}."}
            assert client.post(f"{page}draft/", sent, headers=AUTOSAVE).status_code == 204

        save(0)
        for name, do, goal in (
            ("list", lambda _: ask("/reports/"), 60),
            ("page", lambda _: ask(page), 60),
            ("evaluate", evaluate, 60),
            ("save", save, 60),
        ):
            do(0)
            times = timed(do, range(RUNS))
            yield Figure(f"reporting.{name}.p50", percentile(times, 50), "ms")
            yield Figure(f"reporting.{name}.p95", percentile(times, 95), "ms", goal=goal)
        with CaptureQueriesContext(connection) as queries:
            ask(page)
        yield Figure("reporting.page.queries", len(queries), "queries")


def _reader():
    """The demonstration's own: other measurements make more people of the same role."""
    return User.objects.filter(
        site_code=clinic.site().code, role=Role.READER, grade=Grade.ATTENDING
    ).earliest("pk")


def _every_segment(order):
    """The form with a whole map, in the first scheme with criteria that fits."""
    scheme = next(key for key in evaluation.frame(order).offered if key != "TEN_TERMS")
    fields = {
        f"{letter}-{segment.code}": word for segment in SEGMENTS["SEG18"] for letter, word in WORDS.items()
    }
    return {"reading": "SEG18", "scheme": scheme, "category": "", "impression": "", "next_step": "", **fields}


@measures("reporting.pdf")
def on_paper():
    """The PDF of a report with all 18 segments and four pictures of the map, each time of another moment: from facts
    to bytes, warm."""
    by = _reader()
    order, study = worklist.unread(by).first(), Study(Technique.PLANAR, True, True)
    found = readings.said(study, "PIOPED_I", LIKELY_PICTURE, Level.HIGH)
    version = ReportVersion(
        number=1, kind="final", signed_by=by, signed_at=clinic.now(), content_hash="0" * 64, **found.content
    )
    case = reading.case(order, now=clinic.now())
    drawn = lungs.pictures(evaluation.kept_reading(version), PICTURED, study=study)

    def make(number):
        now = clinic.now() + timedelta(seconds=number)
        standing = versions.Standing(version)
        assert paper.pdf(paper.data(order, standing, [version], case, now=now, drawings=drawn))

    times = timed(make, range(RUNS), warm_up=2)
    yield Figure("reporting.pdf.p50", percentile(times, 50), "ms")
    yield Figure("reporting.pdf.p95", percentile(times, 95), "ms", goal=100)
