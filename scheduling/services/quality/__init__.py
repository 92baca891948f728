"""Quality control of rooms, devices and kits: what is checked how often, what was found, and what that forbids.

`refusals(site, day, now)`, `present` and `of_visit` are for whoever shows or gates an examination; the rest is the
morning's page.
"""

from scheduling.services.quality.gating import of_visit, present, refusals

__all__ = ["of_visit", "present", "refusals"]
