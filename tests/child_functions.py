"""What the children of the tests do with an item: the item's first word says it."""

import os
import signal
import time
from pathlib import Path

SIZE = 1 << 20


def act(item: bytes) -> bytes:
    word, _, rest = item.partition(b" ")
    match word:
        case b"echo":
            return rest
        case b"pid":
            return str(os.getpid()).encode()
        case b"fail":
            raise ValueError(rest.decode())
        case b"eat":
            return bytes(int(rest) * SIZE)[:1]
        case b"hang":
            time.sleep(3600)
        case b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"environment":
            return "\n".join(sorted(os.environ)).encode()
        case b"descriptors":
            return " ".join(entry.name for entry in Path("/proc/self/fd").iterdir()).encode()
    return b"unknown"
