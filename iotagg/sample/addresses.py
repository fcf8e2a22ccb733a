"""Addresses that belong to nobody: a private network, and peers from the ranges kept for examples and benchmarks."""

LIMITED_BROADCAST = "255.255.255.255"
LOCAL_BROADCAST = "192.168.20.255"
UNCONFIGURED = "0.0.0.0"  # noqa: S104 (the address a device has before it has one; nothing listens)
# What the flow meter makes of frames that hold no IP packet.
NOT_IP = ("8.6.0.1", "8.0.6.4")

_HOSTS_PER_BLOCK = 254
_DOCUMENTATION_BLOCKS = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737
_BENCHMARK_BLOCKS = tuple(f"198.{second}.{third}" for second in (18, 19) for third in range(256))  # RFC 2544
_BLOCKS = _DOCUMENTATION_BLOCKS + _BENCHMARK_BLOCKS

DOCUMENTATION_PEERS = len(_DOCUMENTATION_BLOCKS) * _HOSTS_PER_BLOCK
# Three parts that never overlap: peers that return every day, peers of planted anomalies, peers of a single day.
_FIRST_ANOMALOUS = 8_000
_FIRST_NEWCOMER = 16_000
NEWCOMERS = len(_BLOCKS) * _HOSTS_PER_BLOCK - _FIRST_NEWCOMER
_SCATTER = 30_011  # has no divisor in common with NEWCOMERS, so that every address is reached before one returns


def device(number: int) -> str:
    """Return the address of a device on the local network, the same in every site."""
    return f"192.168.20.{number + 10}"


def recurring_peer(number: int) -> str:
    """Return the Internet address of a peer that is there every day; documentation ranges first."""
    return _peer(number)


def anomalous_peer(number: int) -> str:
    """Return the Internet address of a peer that only planted anomalies use."""
    return _peer(_FIRST_ANOMALOUS + number)


def newcomer(number: int) -> str:
    """Return the Internet address of a peer that is there for one day; neighbours in number lie far apart."""
    return _peer(_FIRST_NEWCOMER + number * _SCATTER % NEWCOMERS)


def _peer(number: int) -> str:
    block, host = divmod(number, _HOSTS_PER_BLOCK)
    return f"{_BLOCKS[block]}.{host + 1}"
