"""Who reads what goes to a patient by mail and link: the patient alone, or perhaps somebody else."""

from scheduling.templatetags import clock

ADULT_YEARS = 18


def reads_alone(order, now):
    """Whether this patient alone reads it: an adult without a guardian. An unknown age is taken for a minor's.

    Others are asked in person and in private about pregnancy and breastfeeding, and nothing that they answered there
    may be seen in a mail or behind its link.
    """
    patient = order.patient
    age = patient.age_on(clock.local(now, order.site.time_zone).date())
    return age is not None and age >= ADULT_YEARS and not (patient.guardian_name or patient.guardian_email)
