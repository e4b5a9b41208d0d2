# A clock that is set back between two runs, by a day and by a year: updates, snapshots, drills, receipts and what failed
# before are told apart by their order, not by their time.
#
# A host of the bed has the clock of the machine that it runs on, so that only Hearth's own units see another time.

APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
UNIT = "hearth-app-hello.service"
UNITS = (UNIT, "hearth-snapshot-hello.service", "hearth-drill-miniflux.service")
QUICK = '.gate.convergeSeconds = 40 | .gate.healthySeconds = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'

wait_until_serving()
PRELOAD = host.succeed("faketime -f -1d env | grep ^LD_PRELOAD=").strip()
OTHER_TIME = f"{PRELOAD} FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1 NO_FAKE_STAT=1"


def set_back(days):
    """Sets the clock of Hearth's units back; by 0 days, it is right again."""
    for unit in UNITS:
        folder = f"/run/systemd/system/{unit}.d"
        text = f"[Service]\\nEnvironment={OTHER_TIME} FAKETIME=-{days}d\\n"
        host.succeed(f"mkdir -p {folder} && printf '{text if days else ''}' > {folder}/clock.conf")
    host.succeed("systemctl daemon-reload")


def snapshots():
    """The IDs of hello's snapshots, the newest first, and which of them is last-good."""
    kept = json.loads(host.succeed("hearth snapshots hello --json"))
    return [one["id"] for one in kept], next(one["id"] for one in kept if one["lastGood"])


def history():
    """The outcomes on record, the newest first."""
    return [run["outcome"] for run in json.loads(host.succeed("hearth history hello --json"))]


def update_to(version, change="."):
    """Declares a version and runs the unit; returns whether it went well, and what it said."""
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "{version}" | {change}')
    return reconcile(UNIT)


# The declaration, from which these are made, is about to have no probe.
PAGE, COUNT = https("hello.example.org"), https("hello.example.org", "/count")


def counts(version, number):
    host.wait_until_succeeds(f"{PAGE} | grep 'hello {version}'", timeout=30)
    assert int(host.succeed(COUNT)) == number


with subtest("an update and a snapshot, while the clock is right"):
    good, said = update_to("1.0.0")
    assert good, said
    host.succeed(f"{COUNT} --request POST")
    good, said = update_to("1.1.0")
    assert good, said
    good, said = reconcile("hearth-snapshot-hello.service")
    assert good, said
    RIGHT = receipt("apps/hello")["started"]
    # The history is as long as it may get: whichever counts as the oldest now is the next to go.
    host.succeed(
        "cd /var/lib/hearth/apps/hello/receipts && newest=$(ls | sort | tail -1) && for number in $(seq -w 100 160);"
        " do cp $newest 000$number-${newest#*-}; done"
    )
    counts("1.1.0", 1)

for number, days in enumerate([1, 365]):
    before, last_good = snapshots()
    version = ("1.0.0", "1.1.0")[number]

    with subtest(f"{days} days back: an update goes through, with a snapshot that counts as the newest"):
        set_back(days)
        # A certificate may not be valid yet at that time, which is for the gate to say and not what is asked here.
        good, said = update_to(version, ".gate.probe = null")
        assert good and receipt("apps/hello")["outcome"] == "changed", said
        assert receipt("apps/hello")["started"] < RIGHT, receipt("apps/hello")["started"]
        after, newest_good = snapshots()
        assert after[0] not in before and newest_good == after[0] != last_good, (before, after)
        assert set(before) - set(after) <= set(before[2:]), (before, after)
        assert history()[0] == "changed", history()
        counts(version, number + 1)
        host.succeed(f"{COUNT} --request POST")

    with subtest(f"{days} days back: what the timer takes is last-good, and is not pruned for being old"):
        good, said = reconcile("hearth-snapshot-hello.service")
        assert good, said
        ids, newest_good = snapshots()
        assert ids[0] == newest_good == receipt("apps/hello/snapshots")["found"]["id"] and ids[1] == after[0], (ids, after)

    with subtest(f"{days} days back: a version that fails is rolled back with its data, and is not tried again"):
        good, said = update_to("1.2.0-ruins", f'.gate.probe = null | .environment.ATTEMPT = "{days}"')
        assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
        assert history()[0] == "rolled-back", history()
        counts(version, number + 2)
        good, said = reconcile(UNIT)
        assert not good and "failed before" in said, said

with subtest("a year back, a restore is proved"):
    host.succeed("snapshot-volumes /etc/hearth/apps/miniflux.json take > /run/taken || test $? = 10")
    good, said = reconcile("hearth-drill-miniflux.service")
    assert good and receipt("apps/miniflux/drill")["outcome"] == "changed", said

with subtest("with the clock right again it is still not tried again, and a good version goes through"):
    set_back(0)
    indexes = services()
    good, said = reconcile(UNIT)
    assert not good and "failed before" in said and services() == indexes, said
    good, said = update_to("1.0.0")
    assert good and receipt("apps/hello")["outcome"] == "changed", said
    # Each rollback, and the first run after it that left alone what failed, in the order in which they were.
    assert history()[:6] == ["changed", "failed", "rolled-back"] * 2, history()
    ids, last_good = snapshots()
    assert ids[0] == last_good, ids
    counts("1.0.0", 3)
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "unchanged", said
