"""Everything iotagg raises on purpose, in one tree.

    IotaggError
    ├── FileRefused         a flow file is not counted, and why
    │   └── FileUnreadable  it is not there, may not be read, or changes meanwhile
    ├── NotFound            nothing is known under the name that was asked for
    ├── InvalidValue        a value that was given makes no sense
    ├── NumberTooLarge      a sum would need more than 38 digits
    ├── MissingExtra        an optional dependency is needed and not there
    └── StoreError          the store cannot be used
        ├── NotAStore       the file is no iotagg database
        ├── StoreTooNew     a newer iotagg made it
        ├── StoreBusy       another program holds it
        ├── StoreFull       the disk is full
        └── StoreNotLocal   it lies where locks between programs do not work

The text of each is one line for the person who reads it: what is wrong, where, and the way out.
"""


class IotaggError(Exception):
    """Any error that iotagg raises on purpose."""


class FileRefused(IotaggError):
    """A flow file is not counted; the text says why and, where it has one, at which line."""


class FileUnreadable(FileRefused):
    """A flow file is not there, may not be read, or changed while it was read; another try may do better."""


class NotFound(IotaggError):
    """Nothing is known under the name that was asked for."""


class InvalidValue(IotaggError):
    """A value that was given makes no sense: an address that is none, an impossible day."""


class NumberTooLarge(IotaggError):
    """A sum would need more than the 38 digits that every store keeps exactly."""


class MissingExtra(IotaggError):
    """An optional dependency is needed and not installed."""


class StoreError(IotaggError):
    """The store cannot be used."""


class NotAStore(StoreError):
    """The file is no iotagg database."""


class StoreTooNew(StoreError):
    """The store was made by a newer iotagg."""


class StoreBusy(StoreError):
    """Another program held the store for longer than the busy timeout."""


class StoreFull(StoreError):
    """The disk under the store is full."""


class StoreNotLocal(StoreError):
    """The store lies on a network file system, where locks between programs do not work."""
