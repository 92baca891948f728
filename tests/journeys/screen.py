"""What a journey works with: people at browsers, their mail, and a note of all that must not happen meanwhile."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.journeys.invented import private
from tests.stack import Stack

AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What an open menu, or the header over a scrolled page, covers for the moment is not small.
JUDGE = """([type, values]) => {
  scrollTo(0, 0);
  const isCovered = document.querySelector(":popover-open") !== null;
  const rules = type === "tag" ? { "target-size": { enabled: !isCovered } } : {};
  return axe.run({ runOnly: { type, values }, rules });
}"""
# What another theme can change of a page that axe has judged.
COLOURS = ["color-contrast", "link-in-text-block"]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 20_000
MAIL_WITHIN_SECONDS = 30
LOGS = ("web", "worker", "beat")
# A session that nobody used for 15 minutes asks for the password again.
SESSION_KEPT_SECONDS = 300
# The browser reports each refusal (409, 422) and lock (423) of the server as an error of its own.
REFUSED = re.compile(r"(responded with a status of|Response Status Error Code) (409|422|423)\b")
# Who goes on to another page ends what htmx had under way; it says afterRequest beside every error that it names.
LEFT = re.compile(r"htmx:(sendAbort|afterRequest)\b")

# VQFLOW_SLOW_BROWSER=20: the browser's processor is that many times slower, to find what a journey does too early.
SLOWER = float(os.environ.get("VQFLOW_SLOW_BROWSER", "1"))

expect.set_options(timeout=PATIENCE_MS)


def begins(words: str) -> re.Pattern:
    """Names of controls begin with their visible words; what is hidden after them says for whom."""
    return re.compile(rf"^\s*{re.escape(words)}", re.IGNORECASE)


@cache
def axe() -> str:
    return AXE.read_text()


@dataclass
class Person:
    """Somebody at a browser. On every page that they come to, axe must find nothing."""

    page: Page
    faults: list[str]
    judged: set[tuple[str, str]]
    role: str = "nobody"
    has_scripts: bool = True

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.glance()

    def press(self, name: str, *, within: Locator | None = None) -> None:
        """Press the button or link whose name begins with these words, and come to the page that it leads to."""
        with self.page.expect_navigation():
            self.control(name, within=within).click()
        self.glance()

    def control(self, name: str, *, within: Locator | None = None) -> Locator:
        scope, named = within or self.page, begins(name)
        either = scope.get_by_role("button", name=named).or_(scope.get_by_role("link", name=named))
        return either.filter(visible=True).first

    def fill(self, values: dict[str, str]) -> None:
        """Type into fields by their labels."""
        for label, value in values.items():
            self.page.get_by_label(begins(label)).filter(visible=True).first.fill(value)

    def choose(self, group: str, option: str) -> None:
        """Choose one radio of a group."""
        self.page.get_by_role("group", name=begins(group)).get_by_label(option, exact=True).check()

    def sees(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def glance(self) -> None:
        """Look at the page, unless somebody of this role has seen its like in this run."""
        like = (self.role, re.sub(r"[0-9a-f-]{36}|\d+", "N", urlsplit(self.page.url).path))
        if like not in self.judged:
            self.judged.add(like)
            self.look()

    def look(self, *, colours_alone: bool = False) -> None:
        """Ask axe about the page as it is now; of one that was judged in the other theme, about its colours."""
        if not self.has_scripts:
            return
        # Evaluated, not added as a script: the content security policy would refuse that, rightly.
        self.page.evaluate(axe())
        rules = ["rule", COLOURS] if colours_alone else ["tag", RULES]
        found = self.page.evaluate(JUDGE, rules)
        for each in found["violations"]:
            places = "; ".join(str(node["target"]) for node in each["nodes"][:4])
            self.faults.append(f"{self.page.url}: {each['id']}: {each['help']}: {places}")


@dataclass
class Screens:
    """All browsers of one test."""

    stack: Stack
    browser: Browser
    # Kept from test to test: who has signed in and when their session was last handed out, pages axe has judged.
    sessions: dict[str, tuple[float, list]]
    judged: set[tuple[str, str]]
    faults: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    contexts: list[BrowserContext] = field(default_factory=list)

    def person(self, username: str, password: str, *, fresh: bool = False, **options) -> Person:
        """This person, signed in; `fresh` with a session of their own, else with the one of the tests before."""
        person = self.nobody(**options)
        person.role = username
        context = person.page.context
        now = time.monotonic()
        used_at, cookies = self.sessions.get(username, (-SESSION_KEPT_SECONDS, []))
        if not fresh and now - used_at < SESSION_KEPT_SECONDS:
            context.add_cookies(cookies)
            self.sessions[username] = now, cookies
            return person
        person.open("/")
        person.fill({"User name": username, "Password": password})
        person.press("Sign in")
        expect(person.page).not_to_have_url(re.compile("/account/"))
        if not fresh:
            self.sessions[username] = now, context.cookies()
        return person

    def nobody(self, **options) -> Person:
        """A browser in which nobody has signed in."""
        settings = {"viewport": DESK, "reduced_motion": "reduce", "locale": "en-US", **options}
        context = self.browser.new_context(base_url=self.stack.url, **settings)
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", lambda request: self.addresses.add(request.url))
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.faults.append(f"script error: {error.error}"))
        self.contexts.append(context)
        has_scripts = settings.get("java_script_enabled", True)
        page = context.new_page()
        if SLOWER > 1:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        return Person(page, self.faults, self.judged, has_scripts=has_scripts)

    def _heard(self, message: ConsoleMessage) -> None:
        bad = message.type == "error" or "Content Security Policy" in message.text
        if bad and not REFUSED.search(message.text) and not LEFT.search(message.text):
            self.faults.append(f"{message.page.url if message.page else ''}: console: {message.text}")

    def mail(self, address: str, subject: str) -> EmailMessage:
        """The newest message to this address whose subject has these words, as soon as it has come."""
        until = time.monotonic() + MAIL_WITHIN_SECONDS
        while time.monotonic() < until:
            for message in reversed(self.stack.mails()):
                if message["X-Envelope-To"] == address and subject in message["Subject"]:
                    return message
            time.sleep(0.3)
        come = [f"{message['X-Envelope-To']}: {message['Subject']}" for message in self.stack.mails()]
        raise AssertionError(f"No mail '{subject}' to {address} within {MAIL_WITHIN_SECONDS} s, but {come}")

    def judge(self) -> None:
        """Close the browsers; fail on what axe or the console said, and on patient data in addresses and logs."""
        for context in self.contexts:
            context.close()
        assert not self.faults, "\n".join(dict.fromkeys(self.faults))
        assert not list(self._betrayed())

    def _betrayed(self) -> Iterator[str]:
        words = [word.lower() for word in private]
        for address in self.addresses:
            yield from (f"{word} in {address}" for word in words if word in address.lower())
        for name in LOGS:
            lines = self.stack.log(name, lines=100_000).lower().splitlines()
            yield from (line for line in lines if any(word in line for word in words))
