"""What devices said of the steps of one examination, for its page."""

from scheduling import performed_said


def said_panel(appointment, user, now):
    """The context of scheduling/_exam_said.html. One query."""
    steps = list(appointment.steps.all())
    found = performed_said.of_steps(steps)
    told = {pk: [each for each in said if each.sentence or each.dose_differs] for pk, said in found.items()}
    return {"steps_said": [(step, told[step.pk]) for step in steps if told.get(step.pk)]}
