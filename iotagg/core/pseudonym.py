"""Pseudonyms of IP addresses: keyed, prefix-preserving, one for each address.

The scheme is that of Xu, Fan, Ammar and Moon, "Prefix-preserving IP address anonymization" (ICNP 2002): each bit of an
address is flipped, or not, as a pseudorandom function of the bits before it says. So two addresses share exactly as
many first bits as their pseudonyms do, no two share a pseudonym, and whoever has the key can go back.

The pseudorandom function is BLAKE2b with a key (RFC 7693). One hash, of the whole bytes before, holds the flips for all
of the next byte: those before its first bit, its second bit and so on form a tree of 255 nodes, and node number n is
bit n of the hash.
"""

from __future__ import annotations

import hashlib
import ipaddress

from iotagg.errors import InvalidValue

KEY_BYTES = 32
_PERSONS = {4: b"iotagg IPv4", 6: b"iotagg IPv6"}  # the two families have nothing to do with each other
_PRINT = b"iotagg key print"
_MOST_KNOWN = 1 << 16


class Pseudonyms:
    """The pseudonyms under one key of 32 bytes. Raises InvalidValue for a key of another length.

    What they are depends on the key and the address alone; those that were asked for are remembered, up to a bound.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise InvalidValue(f"a key of {len(key)} bytes; it has to have {KEY_BYTES}")
        self._key = key
        self._known: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Pseudonyms({self.fingerprint})"  # and never the key

    @property
    def fingerprint(self) -> str:
        """8 hexadecimal digits that tell one key from another, and nothing else about it."""
        return hashlib.blake2b(digest_size=4, key=self._key, person=_PRINT).hexdigest()

    def of(self, address: str) -> str:
        """Return the pseudonym of an address in canonical text, in canonical text.

        An IPv6 pseudonym would be read as an IPv4 address where it begins as those inside IPv6 do (`::ffff:0:0/96`);
        under a random key, that happens to an address with a chance of 2^-96.
        """
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[address] = self._flipped(address, back=False)
        return known

    def reverse(self, pseudonym: str) -> str:
        """Return the address that has a pseudonym."""
        return self._flipped(pseudonym, back=True)

    def _flipped(self, text: str, *, back: bool) -> str:
        address = ipaddress.ip_address(text)
        person = _PERSONS[address.version]
        real, flipped = bytearray(), bytearray()
        for byte in address.packed:
            digest = hashlib.blake2b(real, digest_size=32, key=self._key, person=person).digest()
            other = _flip(byte, int.from_bytes(digest, "big"), back=back)
            flipped.append(other)
            real.append(other if back else byte)
        return str(type(address)(bytes(flipped)))


def _flip(byte: int, flips: int, *, back: bool) -> int:
    # Nodes are numbered as those of a heap: 1 is the root, below n are 2n, for a bit 0 of the address, and 2n + 1.
    node, flipped = 1, 0
    for place in range(7, -1, -1):
        bit = byte >> place & 1
        other = bit ^ (flips >> node & 1)
        flipped = flipped << 1 | other
        node = node << 1 | (other if back else bit)
    return flipped
