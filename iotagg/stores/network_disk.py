"""Whether a file lies on a network disk, where SQLite's write-ahead log cannot work.

WAL needs memory that all its processes share; SQLite's documentation says that it "does not work over a network
filesystem". Nothing fails at once there: sums would be lost later, so it is refused from the start.
"""

from __future__ import annotations

import re
from pathlib import Path

_NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs")
)
_NETWORK_FUSE = frozenset(("sshfs", "s3fs", "glusterfs", "rclone", "davfs", "cephfs", "ceph-fuse", "ceph"))
_ESCAPE = re.compile(r"\\([0-7]{3})")  # how blanks and the like are written in the table of mounts
_MOUNTS = Path("/proc/self/mounts")


def is_on(file: Path, mounts: Path = _MOUNTS) -> bool:
    """Say whether a file, there or not yet there, lies on a network disk, as far as the system tells."""
    if str(file).startswith("\\\\"):
        return True
    if not mounts.exists():
        return False
    place = file.resolve()
    found, longest = "", -1
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, kind, *_ = line.split(" ")
        mount = Path(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), point))
        if len(mount.parts) >= longest and (place == mount or mount in place.parents):
            found, longest = kind, len(mount.parts)
    base, _, program = found.partition(".")
    return found in _NETWORK or (base == "fuse" and program in _NETWORK_FUSE)
