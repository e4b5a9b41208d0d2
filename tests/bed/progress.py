"""A line for each step, with its seconds, and what is being done right now: on a terminal in one line that is rewritten,
elsewhere in a line now and then, so that nobody waits before a silent screen."""

import contextlib
import sys
import threading
import time

_CLEAR = "\r\033[K"
# Seconds without a line after which one tells what is being done: with something new to tell, and without.
_SILENCE, _LONG_SILENCE = 10, 30


class Progress:
    """Prints steps as they end. Steps may overlap."""

    def __init__(self, out=sys.stdout, clock=time.monotonic):
        self.out, self.clock = out, clock
        self.live = out.isatty()
        self.running, self.notes = {}, {}
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.printed, self.told = clock(), {}
        threading.Thread(target=self._tell, daemon=True).start()

    @contextlib.contextmanager
    def step(self, name):
        """Times a step. One that takes no time was in the cache, and is not worth a line."""
        start = self.clock()
        with self.lock:
            self.running[name] = start
            if not self.live:
                self._print(f"  ..      {name}")
        try:
            yield
        except BaseException:
            self._end(name, "FAILED", self.clock() - start)
            raise
        self._end(name, "", self.clock() - start)

    def noter(self, name):
        """A function that a step of that name calls with how far it has come."""

        def note(text):
            with self.lock:
                self.notes[name] = text

        return note

    def say(self, text=""):
        """Prints a line of its own."""
        with self.lock:
            self._print(text)

    def tell_if_silent(self):
        """Prints what is being done, when nothing was printed for some time."""
        with self.lock:
            silence = self.clock() - self.printed
            news = {name: text for name, text in self.notes.items() if name in self.running}
            if self.running and silence >= (_LONG_SILENCE if news == self.told else _SILENCE):
                self.told = news
                self._print(self._now())

    def _end(self, name, word, seconds):
        with self.lock:
            del self.running[name]
            self._print(f"{seconds:6.1f} s  {name}{'  ' + word if word else ''}")

    def _print(self, text):
        self.out.write((_CLEAR if self.live else "") + text + "\n")
        self.out.flush()
        self.printed = self.clock()

    def _now(self):
        now = self.clock()
        parts = []
        for name, start in self.running.items():
            note = f", {self.notes[name]}" if name in self.notes else ""
            parts.append(f"{name} ({now - start:.0f} s{note})")
        return "  ..      " + ", ".join(parts)

    def _tell(self):
        while not self.stopped.wait(0.5 if self.live else 2):
            if not self.live:
                self.tell_if_silent()
                continue
            with self.lock:
                self.out.write(_CLEAR + self._now()[:118] if self.running else _CLEAR)
                self.out.flush()
