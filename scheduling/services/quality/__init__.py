"""Quality control of rooms, devices and kits: what is checked how often, what was found, and what that forbids.

`refusals(site, day, now)` is for whoever shows or gates an examination; the rest is the morning's page.
"""

from scheduling.services.quality.gating import present, refusals

__all__ = ["present", "refusals"]
