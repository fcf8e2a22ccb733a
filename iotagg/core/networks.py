"""A range of addresses as CIDR writes it (RFC 4632, RFC 4291): 192.0.2.0/24, 2001:db8::/32."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from iotagg.core.cells import shown
from iotagg.errors import InvalidValue

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_OF_IPV4 = 96  # so many bits of an IPv6 address stand before the IPv4 address that is mapped into it


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses of which the first `prefix` bits are those of `address`, a canonical text."""

    address: str
    prefix: int

    @classmethod
    def parse(cls, text: str) -> Network:
        """Return what a CIDR names, bits after its prefix aside; an address alone is a network of one.

        IPv4 mapped into IPv6 is folded to IPv4, as addresses are. Raises InvalidValue.
        """
        found = _network(text)
        if found is None:
            given = shown(text.encode(errors="backslashreplace"))
            raise InvalidValue(
                f"{given} is no network; write it as 192.0.2.0/24, 2001:db8::/32, or as an address alone"
            )
        if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
            folded = ipaddress.IPv4Address(int(found.network_address) & 0xFFFFFFFF)
            return cls(str(folded), found.prefixlen - _OF_IPV4)
        return cls(str(found.network_address), found.prefixlen)

    @property
    def only(self) -> str:
        """Its address where it has a single one, else empty."""
        return self.address if self.prefix == _bits(self.address)[0] else ""

    @property
    def beginning(self) -> str:
        """What the texts of all its addresses begin with, as far as whole parts of an address tell; maybe nothing."""
        separator, width = (":", 16) if ":" in self.address else (".", 8)
        parts = self.address.split(separator)[: self.prefix // width]
        if separator == ":" and "" in parts:
            parts = parts[: parts.index("")]  # from the first zeros on, an address may be shortened in other ways
        return self.only or "".join(f"{part}{separator}" for part in parts)

    def holds(self, address: str) -> bool:
        """Say whether an address in its canonical text belongs to it."""
        (width, own), (other_width, other) = _bits(self.address), _bits(address)
        return width == other_width and (own ^ other) >> (width - self.prefix) == 0

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix}"


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    # The library knows zones (%eth0) and digits of other scripts, which no stored address has.
    try:
        return ipaddress.ip_network(text, strict=False) if text.isascii() and "%" not in text else None
    except ValueError:
        return None


@lru_cache(maxsize=1 << 14)
def _bits(address: str) -> tuple[int, int]:
    # How many bits there are, and the number that they are.
    if ":" in address:
        return 128, int(ipaddress.IPv6Address(address))
    return 32, int.from_bytes(map(int, address.split(".")))
