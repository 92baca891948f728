"""The last line of what may be measured and given: triggers made from the engine's own figures.

scheduling/services/doses explains before that. Late corrections are not judged here: what happened is recordable.
"""

import pgtrigger

from scheduling.engine.administration import LABEL_PERCENT, MOST_OFF_PERCENT
from scheduling.engine.doses import PRODUCTS

WITHIN_BATCH, AS_PRESCRIBED = "administration_within_batch", "administration_as_prescribed"

_HALF_LIVES = " ".join(
    f"WHEN '{key}' THEN {product.half_life}" for key, product in PRODUCTS.items() if not product.regrows
)
_AT_LABEL = (
    "{row}.measured_mbq * power(2, ("
    + " - ".join(
        f"floor(extract(epoch FROM {moment}) / 60)" for moment in ("{row}.measured_at", "label.calibrated_at")
    )
    + ") / half_life)"
)
# The lock comes first: the sum, a statement of its own, sees what was committed while it was waited for. A thousandth
# is left for the whole kBq that the services reckon in. That a unit dose is used once says a constraint of its own.
_DRAW = f"""
    half_life := CASE NEW.product {_HALF_LIVES} END;
    IF NEW.voided_at IS NOT NULL OR half_life IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT * INTO label FROM scheduling_tracerbatch WHERE id = NEW.batch_id FOR NO KEY UPDATE;
    SELECT coalesce(sum({_AT_LABEL.format(row="x")}), 0) + {_AT_LABEL.format(row="NEW")} INTO drawn
        FROM scheduling_administration x
        WHERE x.batch_id = NEW.batch_id AND x.voided_at IS NULL AND x.id IS DISTINCT FROM NEW.id
        AND NOT NEW.takes_all;
    IF drawn > label.activity_mbq * {LABEL_PERCENT / 100 * 1.001:.4f} THEN
        RAISE EXCEPTION 'more was drawn from batch % than it holds', NEW.batch_id
            USING ERRCODE = 'check_violation', CONSTRAINT = '{WITHIN_BATCH}', TABLE = 'scheduling_administration';
    END IF;
    RETURN NEW;
"""  # noqa: S608  (made of constants)
_GIVE = f"""
    SELECT coalesce(sum(x.administered_mbq), 0) AS mbq, coalesce(sum(x.particles), 0) AS particles INTO had
        FROM scheduling_administration x WHERE x.step_id = NEW.step_id AND x.voided_at IS NULL
        AND x.given_at IS NOT NULL AND x.number < NEW.number;
    IF NEW.needs_approval <> '' OR had.particles + NEW.particles > NEW.most_particles
        OR had.mbq + NEW.administered_mbq > NEW.highest_mbq
        OR (NEW.number = 1 AND (NEW.administered_mbq < NEW.lowest_mbq OR
            abs(NEW.administered_mbq - NEW.prescribed_mbq) * 100 > {MOST_OFF_PERCENT} * NEW.prescribed_mbq))
    THEN
        RAISE EXCEPTION 'dose % is not as prescribed and nobody has approved it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = '{AS_PRESCRIBED}', TABLE = 'scheduling_administration';
    END IF;
    RETURN NEW;
"""  # noqa: S608  (made of constants)


def limits():
    """Triggers of Administration: nobody draws more from a batch than it holds, whoever measures at the same moment;
    and what is not as prescribed is not given without the override of an authorised user."""
    return [
        pgtrigger.Trigger(
            name="within_batch",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | pgtrigger.UpdateOf("batch_id", "measured_mbq", "measured_at"),
            declare=[
                ("half_life", "double precision"),
                ("label", "scheduling_tracerbatch%ROWTYPE"),
                ("drawn", "double precision"),
            ],
            func=_DRAW,
        ),
        pgtrigger.Trigger(
            name="as_prescribed",
            when=pgtrigger.Before,
            operation=pgtrigger.UpdateOf("given_at"),
            condition=pgtrigger.Q(
                old__given_at__isnull=True, new__given_at__isnull=False, new__override__isnull=True
            ),
            declare=[("had", "record")],
            func=_GIVE,
        ),
    ]
