"""What a tracer is, what a batch of it holds, and what one step needs of it: the nouns of `tracers`."""

from collections.abc import Mapping
from dataclasses import dataclass

from scheduling.engine.decay import HALF_LIFE_MINUTES, Nuclide


@dataclass(frozen=True, slots=True)
class Product:
    """`tracer`: the word for a dose. `shelf_life_minutes`: usual, for local sign-off. `regrows`: a generator that
    gives the same activity again at once, so that a dose takes nothing from the next."""

    name: str
    tracer: str
    nuclide: Nuclide
    shelf_life_minutes: int
    regrows: bool = False

    @property
    def half_life(self) -> float:
        return HALF_LIFE_MINUTES[self.nuclide]


PRODUCTS: Mapping[str, Product] = {
    # 6 h after labelling (Pulmolite label); some brands last longer.
    "maa": Product("MAA kit", "MAA", Nuclide.TC99M, 6 * 60),
    "dtpa": Product("DTPA kit", "DTPA", Nuclide.TC99M, 12 * 60),
    # 12 h after elution (TechneLite label).
    "pertechnetate": Product("Tc-99m eluate", "Tc-99m eluate", Nuclide.TC99M, 12 * 60),
    # Not after 14 days from calibration (US labels of Xe-133).
    "xe133": Product("Xe-133 vial", "Xe-133", Nuclide.XE133, 14 * 24 * 60),
    "kr81m": Product("Kr-81m generator", "Kr-81m", Nuclide.RB81, 12 * 60, regrows=True),
}


@dataclass(frozen=True, slots=True)
class Batch:
    """One preparation, elution, vial, generator or unit dose. Minutes are UTC; a dose may be given from
    `usable_from` to `expires_at`, both included. Activities at `calibrated_at`; `left_kbq` is not claimed."""

    id: int
    product: str
    calibrated_at: int
    activity_kbq: int
    left_kbq: int
    usable_from: int
    expires_at: int
    particles: int | None = None
    is_unit_dose: bool = False
    failed: bool = False

    @property
    def name(self) -> str:
        name = PRODUCTS[self.product].name
        return f"{PRODUCTS[self.product].tracer} unit dose" if self.is_unit_dose else name


@dataclass(frozen=True, slots=True)
class DoseNeed:
    """What one step needs at its start. Where a full dose would hold more than `most_particles`, less activity is
    drawn, down to `least_kbq`. Particles bind only where the batch knows its own."""

    product: str
    activity_kbq: int
    least_kbq: int
    least_particles: int = 0
    most_particles: int | None = None
