"""A department with chance in it: what would a second camera, longer hours or another ranking change?

Plain Python over the engine, no database: `python -m scheduling.simulation`. Times are minutes since Monday 00:00
of the first week, on a clock without daylight saving time.
"""
