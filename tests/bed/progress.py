"""A line for each step, with its seconds; on a terminal also what is being done right now."""

import contextlib
import sys
import threading
import time

_CLEAR = "\r\033[K"


class Progress:
    """Prints steps as they end. Steps may overlap."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.live = out.isatty()
        self.running = {}
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        if self.live:
            threading.Thread(target=self._redraw, daemon=True).start()

    @contextlib.contextmanager
    def step(self, name):
        """Times a step. One that takes no time was in the cache, and is not worth a line."""
        start = time.monotonic()
        with self.lock:
            self.running[name] = start
            if not self.live:
                self._print(f"  ..      {name}")
        try:
            yield
        except BaseException:
            self._end(name, "FAILED", time.monotonic() - start)
            raise
        self._end(name, "", time.monotonic() - start)

    def say(self, text=""):
        """Prints a line of its own."""
        with self.lock:
            self._print(text)

    def _end(self, name, word, seconds):
        with self.lock:
            del self.running[name]
            self._print(f"{seconds:6.1f} s  {name}{'  ' + word if word else ''}")

    def _print(self, text):
        self.out.write((_CLEAR if self.live else "") + text + "\n")
        self.out.flush()

    def _redraw(self):
        while not self.stopped.wait(0.5):
            with self.lock:
                now = time.monotonic()
                parts = [f"{name} {now - start:.0f} s" for name, start in self.running.items()]
                self.out.write(_CLEAR + ("  ..      " + ", ".join(parts))[:118] if parts else _CLEAR)
                self.out.flush()
