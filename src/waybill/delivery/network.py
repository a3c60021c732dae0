"""What a delivery needs of the outside world, passed in: the time, name resolution, patience, trust."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from waybill.clock import SYSTEM_CLOCK, Clock
from waybill.delivery.guard import Resolve, system_resolve
from waybill.delivery.patience import IN_THE_BACKGROUND, Patience


@dataclass(frozen=True, slots=True)
class Network:
    """How storage is reached. ca: a PEM file of authorities to trust beside the system's."""

    clock: Clock = SYSTEM_CLOCK
    resolve: Resolve = system_resolve
    patience: Patience = IN_THE_BACKGROUND
    ca: Path | None = None
