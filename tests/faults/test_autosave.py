"""The web server killed while a physician types: what was answered as saved is there, and the next save works."""

import re
import threading
import time
import urllib.error
from http.client import HTTPException

import pytest

from tests.faults.browser import Browser
from vqflow.processes import spawn
from vqflow.stack import wait_until_healthy

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240, func_only=True)]
AUTOSAVE = {"X-VQFlow-Autosave": "1"}
GONE = (OSError, urllib.error.URLError, HTTPException)


@pytest.fixture
def physician(stack):
    browser = Browser(stack.url)
    assert browser.sign_in("physician").status == 200
    return browser


class Draft:
    """The open page of one report: it saves its text, and knows which version was answered last."""

    def __init__(self, browser):
        self.browser = browser
        lists = [browser.get(f"/reports/?tab={tab}").body for tab in ("unread", "mine")]
        paths = dict.fromkeys(path for each in lists for path in re.findall(r'href="(/reports/\d+/)"', each))
        self.path = next(path for path in paths if 'name="findings"' in browser.get(path).body)
        self.scheme = re.search(r'<option value="(\w+)" selected', self._field("scheme"))[1]
        self.version, self.text = self.kept()

    def save(self, text):
        """True once the server has answered that it is saved."""
        fields = {"version": self.version, "scheme": self.scheme, "category": "", "findings": text}
        answer = self.browser.post(f"{self.path}draft/", fields, **AUTOSAVE)
        assert answer.status == 204, answer.body
        self.version, self.text = int(answer.headers["X-VQFlow-Version"]), text
        return True

    def kept(self):
        """(version, findings) as the server has them."""
        area = re.search(r'<textarea name="findings".*?>(.*?)</textarea>', self._page(), re.S)
        return int(self._value("version")), area[1].strip()

    def _page(self):
        return self.browser.get(self.path).body

    def _field(self, name):
        return re.search(rf'<select[^>]*name="{name}".*?</select>', self._page(), re.S)[0]

    def _value(self, name):
        return re.search(rf'name="{name}" value="(\d+)"', self._page())[1]


def test_killed_between_two_saves_the_first_is_there_and_the_second_works(stack, physician):
    draft = Draft(physician)
    assert draft.save("Typed first.")
    stack.kill("web")
    with pytest.raises(GONE):
        draft.save("Typed second.")
    stack.start("web")
    assert draft.kept() == (draft.version, "Typed first.")
    assert draft.save("Typed second.")
    assert draft.kept() == (draft.version, "Typed second.")


def test_killed_while_it_saves_nothing_that_was_answered_is_lost(stack, physician):
    """Whether the save that was under way is there or not, the page sends it again and is answered."""
    draft, typed = Draft(physician), iter(f"Sentence {number}." for number in range(100_000))
    under_way = []

    def types():
        try:
            while True:
                under_way[:] = [next(typed)]
                draft.save(under_way[0])
        except GONE:
            pass

    writer = threading.Thread(target=types)
    writer.start()
    time.sleep(2)
    stack.kill("web")
    writer.join()
    stack.start("web")
    assert draft.text.startswith("Sentence"), "nothing was saved before the kill"
    version, kept = draft.kept()
    assert (version, kept) in [(draft.version, draft.text), (draft.version + 1, under_way[0])]
    assert draft.save(under_way[0])
    assert draft.kept()[1] == under_way[0]


def test_whoever_answers_before_it_is_kept_loses_it(stack, physician):
    """The negative control: the same kill of a server that answers first and saves a moment later."""
    draft = Draft(physician)
    before = draft.kept()
    careless(stack)
    assert draft.save("Answered and not kept.")
    stack.kill("web")
    stack.start("web")
    assert draft.kept() == before


def careless(stack):
    """The same web server with the careless application, in place of the one that is killed."""
    same = stack.processes["web"].args
    stack.kill("web")
    command = [each.replace("vqflow.wsgi", "tests.faults.careless_autosave") for each in same]
    stack.processes["web"] = spawn(command, log=stack.folder / "web.log", env=stack.env)
    wait_until_healthy(stack.processes["web"], stack.port, stack.folder / "web.log")
