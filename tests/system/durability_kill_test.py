# SPDX-License-Identifier: MIT
"""smtpd is killed at random moments while 64 clients send.

What was acknowledged is there, once; the store checks clean; no start needs
help. DURABILITY_KILLS says how often, DURABILITY_SEED when.
"""
import os
import random
import time
import unittest

from durability import Load, compare
from smtpd_support import Smtpd
from support import Case, Store

KILLS = int(os.environ.get("DURABILITY_KILLS", "8"))
SEED = int(os.environ.get("DURABILITY_SEED", "1"))
CLIENTS = 64


class Kill(Case):
    def test_nothing_is_lost_and_nothing_twice(self):
        random_ = random.Random(SEED)
        store = Store(self.tmp)
        smtpd = Smtpd(self.tmp, store, kinds=("smtp",))
        self.addCleanup(lambda: smtpd.kill())
        load = Load(smtpd, CLIENTS)
        self.addCleanup(load.stop)
        slowest = 0.0
        checks = 0
        for kill in range(KILLS):
            time.sleep(random_.uniform(0.0, 0.4))
            smtpd.kill()
            if kill % max(1, KILLS // 8) == 0:
                self.assertEqual(store.ctl("store", "check"), "no faults\n")
                checks += 1
            began = time.monotonic()
            smtpd.start()
            slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.3)
        load.stop()
        smtpd.stop()
        self.assertEqual(store.ctl("store", "check"), "no faults\n")
        acknowledged = load.all("acknowledged")
        lost, twice = compare(store.path, acknowledged)
        print(f"{KILLS} kills, {CLIENTS} clients: {len(acknowledged)} "
              f"acknowledged, {len(load.all('refused'))} refused, "
              f"{len(lost)} lost, {len(twice)} twice; {checks + 1} checks "
              f"clean; the slowest start took {slowest * 1000:.0f} ms",
              flush=True)
        self.assertEqual((lost, twice), ([], []))
        self.assertGreater(len(acknowledged), KILLS)
        self.assertEqual(load.all("refused"), {})


if __name__ == "__main__":
    unittest.main()
