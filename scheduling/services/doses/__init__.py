"""Doses: measured, checked, given, what was left of them; and the count rates of both parts.

All arguments after the first are keywords; `by` is the user, `now` an aware datetime. Refusals: Conflict or Invalid.

prescribing: who(appointment, now), lacks(...), prescription(...)            what may be given to this patient
choosing:    choices(step, *, now)                                           the batches that could give it, and why not
measuring:   measure(step, *, batch, measured_mbq, by, now, ...)             one dose, as the calibrator says
             check(dose, *, by, now)                                         by a second person
             discard(dose, *, reason, by, now), undo(dose, *, by, now)
             override(dose, *, reason, by, now, physician=None)              of an authorised user
giving:      give(dose, *, by, now, injection_site="", scanned="")           starts the acquisition (visits.start)
             residual(dose, *, residual_mbq, by, now, measured_at=None)
             describe(dose, *, injection_site, by, now)
             undo(dose, *, by, now)                                          the last thing that was recorded
injections:  what visits.start and visits.undo do to the doses of a step
"""
