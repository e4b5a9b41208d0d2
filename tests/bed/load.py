"""A constant load of visitors over verified TLS, who count what they lose."""

import http.client
import socket
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from . import example


@dataclass
class Load:
    """Visitors who ask all the time, some over one connection and some over a new one each time."""

    address: str
    domain: str
    keeping: int = 4
    renewing: int = 4
    pause: float = 0.02
    asked: int = 0
    lost: list[tuple[str, float]] = field(default_factory=list)
    """What each lost request ended with, and the second after the begin in which it was asked."""
    slowest: tuple[float, float] = (0.0, 0.0)
    """How long the slowest request took, and the second after the begin in which it was asked."""

    def __enter__(self):
        self.over = threading.Event()
        self.begun = time.monotonic()
        self.lock = threading.Lock()
        self.context = ssl.create_default_context(cafile=str(example.CA))
        kinds = [True] * self.keeping + [False] * self.renewing
        self.threads = [threading.Thread(target=self._visit, args=[keep], daemon=True) for keep in kinds]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(15)

    def _visit(self, keep):
        connection = None
        while not self.over.wait(self.pause):
            start = time.monotonic()
            try:
                connection = connection or self._connect()
                connection.request("GET", "/whoami", headers={"Host": self.domain})
                answer = connection.getresponse()
                answer.read()
                problem = None if answer.status == 200 else f"status {answer.status}"
                closing = answer.getheader("Connection", "").lower() == "close"
            except (OSError, http.client.HTTPException) as error:
                problem, closing = f"{type(error).__name__}: {error}", True
            if problem:
                problem = f"{'a kept' if keep else 'a new'} connection: {problem}"
            self._count(problem, start, time.monotonic() - start)
            if connection and (closing or not keep):
                connection.close()
                connection = None

    def _connect(self):
        connection = http.client.HTTPSConnection(self.domain, timeout=10, context=self.context)
        plain = socket.create_connection((self.address, 443), timeout=10)
        connection.sock = self.context.wrap_socket(plain, server_hostname=self.domain)
        return connection

    def _count(self, problem, start, seconds):
        with self.lock:
            self.asked += 1
            self.slowest = max(self.slowest, (seconds, start - self.begun))
            if problem:
                self.lost.append((problem, start - self.begun))


def under_load(machine, domain, rounds, change):
    """The visitors of a domain who asked while `change` was made that many times, each time with another number."""
    with Load(machine.container.address, domain) as visitors:
        time.sleep(2)
        for number in range(rounds):
            change(number)
        time.sleep(3)
    slowest, second = visitors.slowest
    machine.log(f"{visitors.asked} asked, {len(visitors.lost)} lost, slowest {slowest:.2f} s, in second {second:.0f}")
    for problem, count in Counter(problem for problem, _ in visitors.lost).most_common():
        seconds = [second for what, second in visitors.lost if what == problem]
        machine.log(f"{count} lost between second {min(seconds):.2f} and {max(seconds):.2f} on {problem}")
    return visitors
