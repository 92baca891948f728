"""Versions of what a search may keep in memory: they change with every commit that changes it.

Rooms, people, weekly hours, shifts, closures and protocols change a few times a day; a search reads them a
thousand times. So each process keeps them (scheduling/services/calendars.py) and every search asks only
whether its copy is still right. The database itself renews the version, so that no writer can forget it.
"""

import pgtrigger
from django.db import models

BLOCK_MINUTES = 4 * 24 * 60
"""Occupied time is read and kept in blocks of so many minutes, counted from 1970 on."""

TOUCH = """
UPDATE scheduling_calendarversion SET version = gen_random_uuid() WHERE site_id IN ({sites});
RETURN NULL;
"""
OF_RESOURCE = "SELECT r.site_id FROM {rows} c JOIN scheduling_resource r ON r.id = c.resource_id"
OF_PROTOCOL = "SELECT p.site_id FROM {rows} c JOIN scheduling_protocol p ON p.id = c.protocol_id"
OF_SITE = "SELECT site_id FROM {rows}"
OF_BOOKABLE = "SELECT site_id FROM {rows} WHERE kind <> 'patient'"


class CalendarVersion(models.Model):
    """One row per site. Random, not counted: a number that a rollback gives back would name two calendars."""

    site = models.OneToOneField("scheduling.Site", models.CASCADE, primary_key=True, related_name="+")
    version = models.UUIDField()

    def __str__(self):
        return f"{self.site_id} {self.version}"


def renews_version(sites):
    """Triggers that renew the version when rows of a table change; `sites` selects their sites from {rows}.

    Per statement, not per row: a roster of a thousand shifts renews the version once. Nothing waits for it
    but another change of the same site's calendar; bookings only read it.
    """
    return [
        _trigger("insert", pgtrigger.Insert, sites.format(rows="new_rows"), new="new_rows"),
        _trigger(
            "update",
            pgtrigger.Update,
            f"{sites.format(rows='old_rows')} UNION {sites.format(rows='new_rows')}",
            old="old_rows",
            new="new_rows",
        ),
        _trigger("delete", pgtrigger.Delete, sites.format(rows="old_rows"), old="old_rows"),
    ]


def _trigger(name, operation, sites, **rows):
    return pgtrigger.Trigger(
        name=f"calendar_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows),
        func=TOUCH.format(sites=sites),
    )


def site_versions():
    """Triggers of the site itself: a new one gets its first version, a changed one another."""
    first = "INSERT INTO scheduling_calendarversion SELECT id, gen_random_uuid() FROM new_rows; RETURN NULL;"
    return [
        pgtrigger.Trigger(
            name="calendar_insert",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            func=first,
        ),
        _trigger("update", pgtrigger.Update, "SELECT id FROM new_rows", new="new_rows"),
    ]


CHANGED = """
INSERT INTO scheduling_occupancychange (site_id, block)
SELECT r.site_id, c.start_minute / {minutes} FROM {rows} c JOIN scheduling_resource r ON r.id = c.resource_id
WHERE r.kind <> 'patient' GROUP BY 1, 2;
RETURN NULL;
"""


class OccupancyChange(models.Model):
    """Rows are only added, by the database itself, when what is reserved of a site's rooms and people changes.

    The version of a block is a hash of the keys of its rows: bookings wait for no row here, and no two states
    that ever were have one version, for a rollback gives no key back.
    """

    site = models.ForeignKey("scheduling.Site", models.CASCADE, related_name="+", db_index=False)
    block = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["site", "block"], include=["id"], name="occupancy_version")]

    def __str__(self):
        return f"{self.site_id} {self.block}"


def notes_changes():
    """Triggers of the reservations, per statement: an OccupancyChange for each site and block that they touch."""
    old, new = "old_rows", "new_rows"
    both = "(SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows)"
    return [
        _noting("insert", pgtrigger.Insert, new, new=new),
        _noting("update", pgtrigger.Update, both, old=old, new=new),
        _noting("delete", pgtrigger.Delete, old, old=old),
    ]


def _noting(name, operation, rows, **tables):
    return pgtrigger.Trigger(
        name=f"occupancy_{name}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**tables),
        func=CHANGED.format(rows=rows, minutes=BLOCK_MINUTES),
    )
