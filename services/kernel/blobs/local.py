"""The object store in a folder of the local file system: temporary name, fsync of file and folder, rename."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from services.kernel.blobs.port import STALE, checked
from services.kernel.errors import Conflict, NotFound, Unavailable

PARTIAL = ".part"


class LocalBlobStore:
    """Objects lie in ``folder/ab/abcd…``, sharded by the last two characters, which are random in a UUID version 7."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def create(self, name: str) -> _LocalWriter:
        path = self._path(name)
        try:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            return _LocalWriter(path)
        except FileExistsError:
            raise Conflict(f"Another writer is storing {name}.") from None
        except OSError as error:
            raise _translate(error) from error

    def replace(self, name: str) -> _LocalMender:
        path = self._path(name)
        try:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            return _LocalMender(path)
        except OSError as error:
            raise _translate(error) from error

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            raise NotFound(f"The object {name} is not in the store. Restore it from the backup.") from None
        except OSError as error:
            raise Unavailable(f"The object {name} cannot be read ({error.strerror}). Check the store's disk.") from error

    def delete(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink()
            sync_folder(path.parent)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Unavailable(f"The object {name} cannot be removed ({error.strerror}). Check the store's disk.") from error

    def exists(self, name: str) -> bool:
        return self._path(name).is_file()

    def traces(self, name: str) -> list[str]:
        path = self._path(name)
        partial = path.with_name(path.name + PARTIAL)
        return [what for what, where in (("file", path), ("file half written", partial)) if where.exists()]

    def names(self) -> Iterator[str]:
        for shard in sorted(self.folder.iterdir()):
            yield from sorted(path.name for path in shard.iterdir() if not path.name.endswith(PARTIAL))

    def retain(self, name: str, until: datetime) -> None:
        """A folder has no locks: the file is made read-only, which stops mistakes. Keep such a folder on storage of its own."""
        try:
            self._path(name).chmod(0o400)
        except FileNotFoundError:
            raise NotFound(f"The object {name} is not in the store. Restore it from the backup.") from None
        except OSError as error:
            raise _translate(error) from error

    def reachable(self) -> bool:
        return os.access(self.folder, os.W_OK)

    def readable(self) -> bool:
        return os.access(self.folder, os.R_OK)

    def sweep(self, older_than: timedelta = STALE) -> int:
        newest, swept = time.time() - older_than.total_seconds(), 0
        for path in self.folder.glob(f"*/*{PARTIAL}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime <= newest:
                    path.unlink()
                    swept += 1
        return swept

    def _path(self, name: str) -> Path:
        return self.folder / checked(name)[-2:] / name


class _LocalWriter:
    def __init__(self, path: Path, partial: str = PARTIAL) -> None:
        self._path = path
        self._partial = path.with_name(path.name + partial)
        self._file = os.fdopen(os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            self.abort()
            raise _translate(error) from error

    def commit(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.link(self._partial, self._path)  # unlike a rename, a link never overwrites
        except FileExistsError:
            self.abort()
            raise Conflict(f"The object {self._path.name} is already stored; objects are written once.") from None
        except OSError as error:
            self.abort()
            raise _translate(error) from error
        try:
            self._partial.unlink()
            sync_folder(self._path.parent)
            sync_folder(self._path.parent.parent)
        except OSError as error:  # its name may not survive a power cut, so it is not stored
            self.abort()
            self._path.unlink(missing_ok=True)
            raise _translate(error) from error

    def abort(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._partial.unlink(missing_ok=True)


class _LocalMender(_LocalWriter):
    """Renames over what is there. Its own partial name: what another mender left when it died is in nobody's way."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f".{secrets.token_hex(4)}{PARTIAL}")

    def commit(self) -> None:
        try:
            self._file.flush()
            if self._path.exists():
                os.fchmod(self._file.fileno(), self._path.stat().st_mode & 0o777)  # one that was retained stays read-only
            os.fsync(self._file.fileno())
            self._file.close()
            self._partial.replace(self._path)
            sync_folder(self._path.parent)
            sync_folder(self._path.parent.parent)
        except OSError as error:
            self.abort()
            raise _translate(error) from error


def _translate(error: OSError) -> Unavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable("The object store is full. Free some space, then send the file again; nothing was stored of it.")
    return Unavailable(f"The object store cannot be written ({error.strerror}). Nothing was stored; try again.")


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
