"""Does this machine lack something, so that the same work will do later? Room, a file descriptor, memory, a process."""

from __future__ import annotations

import errno

PAUSE_SECONDS = 2.0  # whoever takes the work up next would find the same
OF_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS))
_OF_ANYTHING = OF_ROOM | {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}


def is_shortage(error: BaseException) -> bool:
    """Neither the work nor its picture is to blame."""
    return isinstance(error, OSError) and error.errno in _OF_ANYTHING


def is_shortage_of_room(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in OF_ROOM
