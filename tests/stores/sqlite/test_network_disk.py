"""A database is not put on a network disk, where the system tells which those are."""

from __future__ import annotations

from pathlib import Path

import pytest

from iotagg.errors import StoreNotLocal
from iotagg.stores import network_disk
from iotagg.stores.sqlite import SqliteStore
from tests.stores.sqlite.files import assert_one_line

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw 0 0
files.example:/export /srv nfs4 rw,vers=4.2 0 0
/dev/sdb1 /srv/local xfs rw 0 0
//files.example/share /media/the\\040share cifs rw 0 0
someone@files.example: /home/someone/far fuse.sshfs rw 0 0
/dev/fuse /home/someone/near fuse.ntfs-3g rw 0 0
/dev/sdc1 /over ext4 rw 0 0
files.example:/over /over nfs rw 0 0
//files.example/odd /media/a\\134b\\011c smb3 rw 0 0
ceph-fuse /mnt/ceph fuse.ceph-fuse rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/store.db", False),
        ("/var/lib/iotagg/store.db", False),
        ("/srv/store.db", True),
        ("/srv/a/b/store.db", True),
        ("/srv/local/store.db", False),
        ("/srv/locally/store.db", True),
        ("/srvs/store.db", False),
        ("/media/the share/store.db", True),
        ("/media/the/store.db", False),
        ("/home/someone/far/store.db", True),
        ("/home/someone/near/store.db", False),
        ("/over/store.db", True),
        ("/media/a\\b\tc/store.db", True),
        ("/mnt/ceph/store.db", True),
        ("\\\\files\\share\\store.db", True),
    ],
)
def test_a_place_is_on_a_network_disk_when_the_innermost_mount_over_it_is(
    tmp_path: Path, place: str, expected: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS, encoding="utf-8")
    assert network_disk.is_on(Path(place), mounts) is expected


@pytest.mark.parametrize("linked", ["the folder", "the file"])
def test_links_onto_a_network_disk_are_followed(tmp_path: Path, linked: str) -> None:
    far, mounts = tmp_path / "far", tmp_path / "mounts"
    far.mkdir()
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nfiles.example:/ {far} nfs rw 0 0\n", encoding="utf-8")
    if linked == "the folder":
        (tmp_path / "near").symlink_to(far)
        place = tmp_path / "near" / "store.db"
    else:
        place = tmp_path / "store.db"
        place.symlink_to(far / "store.db")
    assert network_disk.is_on(place, mounts)


def test_where_the_system_tells_no_mounts_every_disk_passes_for_local(tmp_path: Path) -> None:
    assert network_disk.is_on(tmp_path / "store.db", tmp_path / "none") is False


def test_a_database_on_a_network_disk_is_refused_and_not_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_disk, "is_on", lambda _: True)
    with pytest.raises(StoreNotLocal, match=r"network disk.*put it on a local one") as refused:
        SqliteStore(file)
    assert_one_line(refused.value)
    assert not file.exists()
