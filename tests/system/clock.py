"""Another time of day for the programs under test: libfaketime under each of them reads it from one file. The monotonic clock, which timers use, stays real.

Import it and make the Clock before the first program is started."""
import datetime
import glob
import os
import sys
import time

UTC = datetime.timezone.utc


class Clock:
    def __init__(self, path, when, zone):
        """All programs started from here on have the clock, and live in the time zone."""
        libraries = sorted(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") + glob.glob("/usr/lib/faketime/libfaketimeMT.so.1"))
        if not libraries:
            sys.exit("libfaketime is not there: run packaging/deps test")
        self.path = path
        self.run_from(when)
        os.environ.update(LD_PRELOAD=libraries[0], FAKETIME_TIMESTAMP_FILE=str(path), FAKETIME_FMT="%s", FAKETIME_NO_CACHE="1",
                          FAKETIME_DONT_FAKE_MONOTONIC="1", FAKETIME_DONT_RESET="1", TZ=zone)

    def _say(self, text):
        new = self.path.with_name(self.path.name + ".new")
        new.write_text(text + "\n")
        new.rename(self.path)

    def run_from(self, when):
        """It is that time now, and time goes on."""
        self.ahead = when.timestamp() - time.time()
        self.frozen = None
        self._say(f"{self.ahead:+.6f}")

    def freeze(self, when):
        """It is that second, and stays it."""
        self.frozen = when
        self._say(f"{int(when.timestamp())}")

    def now(self):
        return self.frozen or datetime.datetime.fromtimestamp(time.time() + self.ahead, UTC)
