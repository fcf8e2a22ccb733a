"""What a path or a query may say: the same values as on the command line, described for machines."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, WithJsonSchema

from iotagg.core.networks import Network
from iotagg.core.values import checked_address, checked_day, checked_month, checked_site


def _as_text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


# Patterns let in more than a check does: no calendar has the 31st of February.
Day = Annotated[str, AfterValidator(checked_day), _as_text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2022-12-01")]
Month = Annotated[str, AfterValidator(checked_month), _as_text("^[0-9]{4}-[0-9]{2}$", "2022-12")]
Site = Annotated[str, AfterValidator(checked_site), _as_text("^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", "paris")]
Address = Annotated[str, AfterValidator(checked_address), _as_text("^[0-9A-Fa-f:.]{2,45}$", "192.0.2.17")]
Source = Annotated[Address, Path(description="The address that sends.")]
Destination = Annotated[Address, Path(description="The address that is sent to.")]
SiteNamed = Annotated[Site, Path(description="The site.")]
NetworkText = Annotated[
    str, AfterValidator(lambda text: Network.parse(text) and text), _as_text("^[0-9A-Fa-f:./]{2,49}$", "192.0.2.0/24")
]
