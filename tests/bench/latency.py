"""How long one complainant waits for the acknowledgement: from the server's notice, and from the arrival."""

import contextlib
import smtplib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median, quantiles

from servers.dovecot import Dovecot
from servers.sink import Sink, Taken

from bench.cost import warm
from bench.ground import maildesk
from bench.mails import Mails

PATIENCE = 30.0
PAUSE = 1.5  # a desk at rest, and a Dovecot that holds no notice back on account of the mail before


class Stamped(list[Taken]):
    """Notes when each mail was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []
        self.came = threading.Event()

    def append(self, taken: Taken) -> None:
        self.times.append(time.monotonic())
        super().append(taken)
        self.came.set()


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds: from notice to acknowledgement at the median, from arrival to it at the 95th percentile."""

    from_notice: float
    from_arrival: float


@contextlib.contextmanager
def listening(dovecot: Dovecot, user: str) -> Iterator[list[float]]:
    """A connection of our own that notes when the server says that something is new."""
    heard: list[float] = []
    over = threading.Event()
    client = dovecot.client(user)
    client.idle()

    def listen() -> None:
        while not over.is_set():
            if any(line[1:] == (b"EXISTS",) for line in client.idle_check(timeout=0.5)):
                heard.append(time.monotonic())

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        over.set()
        thread.join()
        client.shutdown()


def measure(dovecot: Dovecot, user: str, mails: Mails, count: int) -> Latency:
    """The first so many mails that open a case, one at a time."""
    alone = [
        file for file, row in zip(mails.files, mails.manifest, strict=True)
        if row["kind"] == "normal" and row["parent"] is None
    ]  # fmt: skip
    sink = Sink()
    sink.taken = stamped = Stamped()
    from_notice, from_arrival = [], []
    try:
        with maildesk(dovecot, sink.port, user) as daemon:
            warm(dovecot, daemon)
            with listening(dovecot, user) as heard:
                for file in alone[:count]:
                    time.sleep(PAUSE)
                    heard.clear()
                    stamped.came.clear()
                    with smtplib.LMTP("127.0.0.1", dovecot.lmtp, timeout=10) as lmtp:
                        lmtp.sendmail("someone@example.com", [user], file.read_bytes())
                        arrived = time.monotonic()
                    if not stamped.came.wait(PATIENCE):
                        raise RuntimeError((daemon.folder / "journal").read_text()[-4000:])
                    accepted = stamped.times[-1]
                    from_arrival.append(accepted - arrived)
                    from_notice.append(accepted - (heard[0] if heard else arrived))
    finally:
        sink.stop()
    return Latency(median(from_notice), quantiles(from_arrival, n=20)[-1])
