"""Everything iotagg raises on purpose, in one tree.

    IotaggError
    ├── FileRefused         a flow file is not counted, and why
    │   └── FileUnreadable  it is not there, may not be read, or changes meanwhile
    ├── KeyTaken            something else stands under a name in the bucket, or nothing where something should
    ├── NotFound            nothing is known under the name that was asked for
    ├── InvalidValue        a value that was given makes no sense
    ├── NumberTooLarge      a sum would need more than 38 digits
    ├── TokenRefused        who asks over HTTP does not say who they are, or nobody has that token
    ├── WriteRefused        who asks over HTTP may look, and not change what they want to
    ├── UploadRefused       a file that comes over HTTP is too large, or comes too slowly
    │   ├── UploadTooLarge  it has more bytes than are taken
    │   ├── UploadTooSlow   too little of it comes for too long
    │   └── NoRoom          there is no room for it while it comes
    ├── MissingExtra        an optional dependency is needed and not there
    ├── NotPackable         what is installed cannot be made into a package for AWS or for a machine
    ├── Unintelligible      a queue's message that no worker understands
    ├── CloudError          AWS cannot be used as it is set up
    │   ├── NotSignedIn     there are no credentials, or they are no longer valid
    │   ├── NotAllowed      the credentials do not permit what is needed
    │   ├── NotDeployed     a bucket, table, queue or stack is not there
    │   ├── DeploymentFailed  a stack cannot be made, changed or deleted, and why
    │   └── CloudBusy       throttled, in conflict, failing or out of reach for longer than retries last; later may do
    └── StoreError          the store cannot be used
        ├── NotAStore       the file is no iotagg database
        ├── Damaged         what was stored is not in the form in which it was
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


class KeyTaken(IotaggError):
    """What stands under a key is not what the sender took for granted; `etag` says what does, "" that nothing does."""

    def __init__(self, text: str, etag: str) -> None:
        super().__init__(text)
        self.etag = etag


class NotFound(IotaggError):
    """Nothing is known under the name that was asked for."""


class InvalidValue(IotaggError):
    """A value that was given makes no sense: an address that is none, an impossible day."""


class NumberTooLarge(IotaggError):
    """A sum would need more than the 38 digits that every store keeps exactly."""


class TokenRefused(IotaggError):
    """Who asks over HTTP does not say who they are, or gives a token that nobody has."""


class WriteRefused(IotaggError):
    """Who asks over HTTP may look, and not change what they want to."""


class UploadRefused(IotaggError):
    """A file that comes over HTTP is not taken in, whatever it says."""


class UploadTooLarge(UploadRefused):
    """It has more bytes than are taken."""


class UploadTooSlow(UploadRefused):
    """Too little of it comes for too long."""


class NoRoom(UploadRefused):
    """There is no room for it while it comes."""


class MissingExtra(IotaggError):
    """An optional dependency is needed and not installed."""


class NotPackable(IotaggError):
    """What is installed cannot be made into a package for AWS or for a machine: a part is missing, or does not fit."""


class Unintelligible(IotaggError):
    """A queue's message that no worker understands; it belongs into the dead-letter queue."""


class CloudError(IotaggError):
    """AWS cannot be used as it is set up."""


class NotSignedIn(CloudError):
    """There are no AWS credentials, or they are no longer valid."""


class NotAllowed(CloudError):
    """The AWS credentials do not permit what is needed."""


class NotDeployed(CloudError):
    """A bucket, table, queue or stack is not there."""


class DeploymentFailed(CloudError):
    """A stack cannot be made, changed or deleted as it stands or as it is asked for; the text says why."""


class CloudBusy(CloudError):
    """AWS throttles, fails or is out of reach for longer than the bounded retries last; the same may work later."""


class StoreError(IotaggError):
    """The store cannot be used."""


class NotAStore(StoreError):
    """The file is no iotagg database."""


class Damaged(StoreError):
    """What was stored is read back in another form than it was stored in: it was changed, or cut."""


class StoreTooNew(StoreError):
    """The store was made by a newer iotagg."""


class StoreBusy(StoreError):
    """Another program held the store for longer than the busy timeout."""


class StoreFull(StoreError):
    """The disk under the store is full."""


class StoreNotLocal(StoreError):
    """The store lies on a network file system, where locks between programs do not work."""
