# A disk that is full at any write, and a version that fills it: one of the five outcomes, the app serves, and nothing is
# lost once there is room again.
import re

APPS = {"hello": "hello.example.org"}
VOLUMES = "xfs"

UNIT = "hearth-app-hello.service"
STATE = "/var/lib/hearth/apps/hello"
QUICK = '.gate.convergeSeconds = 40 | .gate.healthySeconds = 0 | .environment.HELLO_DRAIN_SECONDS = "0"'
# The room that is left for Hearth's own records, in pages of 4 KiB: from none to more than an update needs. Each page more
# lets it come to a later write.
ROOM = range(16 if LONG else 5)

wait_until_serving()
declare("hello", QUICK)
good, said = reconcile(UNIT)
assert good, said
get("hello.example.org", "/count", "--request POST")


def count():
    host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    return int(get("hello.example.org", "/count"))


def serving():
    """The version that the app calls itself."""
    page = host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    return page.split("<h1>hello ")[1].split("<")[0]


with subtest("Hearth's own records run out of room at one write after the other of an update"):
    host.succeed(
        f"cp -a {STATE} /run/state && mount -t tmpfs -o size=3m,mode=700 state {STATE}",
        # What is set aside for going back is room and no holes.
        f"cp -a --sparse=never /run/state/. {STATE}/",
    )
    outcomes, full = [], []
    for pages in ROOM:
        version = ("1.1.0", "1.0.0")[serving() == "1.1.0"]
        declare("hello", f'.environment.APP_VERSION = "{version}" | {QUICK}')
        host.succeed(
            f"fallocate --length {4096 * pages or 1} {STATE}/room; dd if=/dev/zero of={STATE}/ballast bs=4096 2> /dev/null || true",
            f"rm {STATE}/room; {'true' if pages else f'dd if=/dev/zero of={STATE}/more bs=4096 2> /dev/null || true'}",
        )
        good, said = reconcile(UNIT)
        assert good or "No space left on device" in said or "os error 28" in said, said
        if not good:
            # The first write that failed; the receipt of that may be the second.
            file, *_ = re.findall(r"([\w.-]+): No space left on device", said)
            full.append(re.sub(r"\d{6}-.*", "receipt", file))
        written = get("hello.example.org", "/count", "--request POST") if host.execute(https("hello.example.org"))[0] == 0 else None
        host.succeed(f"rm -f {STATE}/ballast {STATE}/more")
        good, said = reconcile(UNIT)
        assert good, said
        good, said = reconcile(UNIT)
        assert good and receipt("apps/hello")["outcome"] == "unchanged", said
        assert serving() == version and (written is None or count() == int(written)), (pages, version, written)
        outcomes.append("served throughout" if written else "served again")
    host.log(f"{len(outcomes)} amounts of room, too little for {full}: {outcomes}")
    assert len(full) > 2 and len(set(full)) > 1, f"the disk was full at too few writes: {full}"
    host.succeed(f"cp -a {STATE}/. /run/state/ && umount {STATE} && cp -a /run/state/. {STATE}/")

with subtest("a version that fills the disk of the volumes is rolled back onto the full disk"):
    before, version = count(), serving()
    # The file system holds 8 GiB; most of it is taken, so that the rest is filled soon.
    free = int(host.succeed("df --output=avail --block-size=1 /var/lib/docker/volumes | tail -1"))
    host.succeed(f"fallocate --length {free - (300 << 20)} /var/lib/hearth/snapshots/somebody-elses")
    declare("hello", f'.environment.APP_VERSION = "1.2.0-fills" | {QUICK}')
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    assert serving() == version and count() == before
    assert int(host.succeed("df --output=avail --block-size=1M /var/lib/docker/volumes | tail -1")) > 200, said
    get("hello.example.org", "/count", "--request POST")
    assert count() == before + 1

with subtest("also where Hearth's own records lie on the disk that it fills, with what was set aside for that"):
    beside = "/var/lib/hearth/snapshots/.state"
    host.succeed(f"cp -a --sparse=never {STATE} {beside} && mount --bind {beside} {STATE}")
    before = count()
    declare("hello", f'.environment.APP_VERSION = "1.2.0-fills" | .environment.ATTEMPT = "2" | {QUICK}')
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    assert "what was set aside for this is written to" in said, said
    # And again for the next time.
    assert int(host.succeed(f"stat --format=%b {STATE}/reserve")) >= 2048
    assert serving() == version and count() == before
    get("hello.example.org", "/count", "--request POST")

with subtest("also where the run is killed while the disk is full: the next one goes on, and back"):
    declare("hello", f'.environment.APP_VERSION = "1.2.0-fills" | .environment.ATTEMPT = "3" | {QUICK}')
    begun = host.succeed("date '+%F %T.%6N'").strip()
    host.succeed(f"systemctl start --no-block {UNIT}")
    filled = f"journalctl --output=cat --unit={UNIT} --since='{begun}' | grep 'restarting after 1'"
    host.wait_until_succeeds(filled, timeout=60)
    host.succeed(f"systemctl kill --signal=KILL {UNIT}")
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    assert "what was set aside for this is written to" in said, said
    assert serving() == version and count() == before + 1

with subtest("nothing is deployed that could fill the disk and not be gone back from"):
    # Nothing is set aside, and there is less room than it takes.
    host.succeed(f"rm {STATE}/reserve")
    free = int(host.succeed(f"df --output=avail --block-size=1 {STATE} | tail -1"))
    host.succeed(f"fallocate --length {free - (600 << 10)} {beside}-somebody-elses")
    other = ("1.1.0", "1.0.0")[version == "1.1.0"]
    declare("hello", f'.environment.APP_VERSION = "{other}" | {QUICK}')
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "held" and "make room" in said, said
    assert serving() == version and count() == before + 1
    host.succeed(f"rm {beside}-somebody-elses /var/lib/hearth/snapshots/somebody-elses")
    good, said = reconcile(UNIT)
    assert good and serving() == other, said
    assert int(host.succeed(f"stat --format=%b {STATE}/reserve")) >= 2048
