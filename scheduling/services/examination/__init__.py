"""What is recorded while a patient is examined. Each function is one transaction, permits `by`, and audits.

All arguments after the first are keywords; `by` is the user, `now` an aware datetime. Refusals: Conflict or Invalid.
The acquisitions themselves (start, end, discontinue, leave_out, undo, no_show) are in scheduling/services/visits.py:
a phase that begins or ends one calls them, and they keep the phases in step, so both ways in give the same record.

arrivals: identity at the X-ray and again at the scan; pregnancy asked in private where the rule asks for it
    check_in(appointment, *, identifiers, by, now, at=None, pregnancy_asked=False, answers=None, read_at=None)
        identifiers: two or more of models.Identifier; at: "xray" | "scan", None = the one that is due;
        answers: {question: answer} of the re-screening. A first check-in is refused on a day for which nothing of
        the visit is planned; who has been here once may come back on any day, also after an acquisition.
    undo_check_in(appointment, *, by, now)          takes the newest arrival back; an earlier one stands again
    gates.Examination.arrival_due is "xray", "scan" or None: the check-in that comes next. While the X-ray is to come
    it is None again after the arrival there; the arrival at the scan can be recorded then already, and
    gates.why_not_check_in(facts) is None for that too. Nothing is cleared or started for the lungs before the
    arrival at the scan ("Check the patient in at the scan first.").

xrays: the chest X-ray or CT: when, where, which views, seen by whom (rows: models.ChestXray, step.chest_xrays)
    record(appointment, *, ended_at, by, now, elsewhere="", modality="DX", views=(), portable_reason="", seen_by=None)
        views: "pa", "lateral", "ap_portable"; AP portable alone needs a reason (CXR-5) and warns
    see(appointment, *, physician, by, now, finding="", note="")      who looked at it: "normal" | "abnormal" | ""
    warning(appointment) -> str | None              the CXR-5 sentence;  newest(step) -> ChestXray | None

phases: the small steps (rows: models.PhaseRecord; the plan: models.ProtocolPhase)
    begin(appointment, key, *, by, now, end_running=False) -> PhaseRecord
        end_running: what still runs ends at the same moment (one press for "next")
    end(appointment, key, *, by, now) -> PhaseRecord
    skip(appointment, key, *, reason, by, now) -> PhaseRecord
    repeat(appointment, key, *, by, now) -> PhaseRecord       a new take, begun now
    undo(appointment, key, *, by, now)              takes the last press on this phase back, with what it did to steps
    Reads for pages: scheduling/phases.py (plan, next_line, running, why_not_begin, why_not_end, ...)
    Begin of a phase with role "dose" needs the cleared dose; "begins" and "both" start the step with all its gates;
    the end of "pictures" and "both" ends the step. At most one phase runs in each part.

pictures: one take of one view (rows: models.PictureRecord). With krypton one row stands for both acquisitions.
    take(step, view, *, by, now, outcome="accepted", reason="", counts_k=None, seconds=None) -> PictureRecord
        outcome "repeated" (after an accepted one: that one is rejected) and "skipped" need a reason;
        after the acquisition has ended a view that it did not lack is one more picture (is_extra)
    undo(picture, *, by, now);  why_not_take(appointment, step) -> str | None;  REPEAT_REASONS, SKIP_REASONS

endings: otherwise than planned
    why_not_limited(appointment) -> str | None      None from the first injection or inhalation on, until it is said
    complete_as_limited(appointment, *, reason, by, now)     what runs ends, what is to come is left out, the reader
        gets a task and the hand-over says `limited`; no gate can refuse it after an injection
    ventilation_failed(appointment, *, reason, by, now)      perfusion only; the protocol change is a Correction
    interrupt(appointment, *, reason, by, now)      timers stop, the acquisition stays open; phases.repeat goes on
    abort(appointment, *, reason, by, now)          everything stops; before any tracer the appointment is cancelled
    patient_left(appointment, *, reason, by, now)   the same, and nobody waits here for a reader's word
    undo(appointment, *, by, now)       takes complete_as_limited, abort, patient_left or the interruption back; what
        they ended is marked (step.by_ending, phase.ended_with), so that nothing else comes back with it
    LIMITED_REASONS, VENTILATION_REASONS, INTERRUPT_REASONS, ABORT_REASONS, LEFT_REASONS

corrections: late, with a reason, both values kept (rows: models.Correction)
    correct(appointment, row, changes, *, reason, by, now) -> list[Correction]       changes: {field: value}
    values(appointment) -> everything that can be corrected;  find(appointment, "step:12") -> row
    What may be corrected, and its words, stands in corrections.SUBJECTS; CHECKS[subject](row, changes, now) raises
    Invalid before anything is written. Who records something else of an examination adds to both.
"""
