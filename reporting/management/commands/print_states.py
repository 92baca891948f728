from django.core.management.base import BaseCommand

from reporting.engine.states import REPORT_TRANSITIONS
from scheduling.engine.states import MACHINES, mermaid

HEAD = """# State machines

Printed from the tables in `scheduling/engine/states.py` and `reporting/engine/states.py` by
`manage.py print_states`; a test keeps this page current. The services move along these tables by
compare-and-swap, and triggers in the database refuse every other change. An undo is a transition of its own.
"""


def page():
    """The page docs/states.md as text."""
    machines = {**MACHINES, "Report": REPORT_TRANSITIONS}
    diagrams = [f"## {name}\n\n```mermaid\n{mermaid(table)}\n```\n" for name, table in machines.items()]
    return "\n".join([HEAD, *diagrams])


class Command(BaseCommand):
    help = "Print docs/states.md: the state machines as diagrams."

    def handle(self, **options):
        self.stdout.write(page(), ending="")
