# For how long an app stands still while a large volume of it is copied, and while it is put back: from the end of its old
# container to the start of the new one. On a file system that clones, and on one that does not.
# Rivals, in the same run, on the same app and file system: `tar | zstd`, with one thread and with all, and `restic`. None of
# them is told less than to keep holes and attributes, and each must have its data on the disk when the app is started.
ON = "xfs", "ext4"

APP = "hello_example_org_app"
MANIFEST = "/etc/hearth/apps/hello.json"
RIVALS = "/var/lib/hearth/snapshots/rivals"
RUNNING = f'docker ps --quiet --filter name={APP}'

wait_until_serving()
DATA = host.succeed("docker volume inspect hello_example_org_data --format '{{.Mountpoint}}'").strip()


def stood_still(command):
    """Runs a command that stops the app and starts it; returns for how many milliseconds no container of it was there."""
    begun = host.succeed("date +%s").strip()
    host.succeed(command)
    host.wait_until_succeeds(https("hello.example.org"), timeout=90)
    told = host.succeed(
        f"docker events --since {begun} --until $(( $(date +%s) + 1 )) --filter label=com.docker.swarm.service.name={APP}"
        " --filter event=die --filter event=start --format '{{.TimeNano}} {{.Action}}'"
    )
    events = [line.split() for line in told.splitlines()]
    ended = min(int(at) for at, action in events if action == "die")
    return (max(int(at) for at, action in events if action == "start") - ended) / 1e6


def by_a_rival(command):
    """The same for a command that the app is stopped for."""
    return stood_still(
        f"docker service scale --detach {APP}=0 > /dev/null; while [ -n \"$({RUNNING})\" ]; do sleep 0.02; done; {command};"
        f" docker service scale --detach {APP}=1 > /dev/null"
    )


def by_hearth(*words):
    """The same for snapshot-volumes; returns its receipt, too."""
    still = stood_still(f"snapshot-volumes --json {MANIFEST} {' '.join(words)} > /var/tmp/receipt 2> /var/tmp/said || test $? = 10")
    story = json.loads(host.succeed("cat /var/tmp/receipt"))
    assert story["outcome"] == "changed", story
    return still, story


def contents():
    """A digest over all that the volume holds."""
    return host.succeed(f"cd {DATA} && find . -type f | sort | xargs -d '\\n' sha256sum | sha256sum")


with subtest(f"a volume of {MIB} MiB that compresses to three quarters, in files of many sizes"):
    # Text of random bytes: 6 bits of each 8 mean something.
    host.succeed(
        f"cd {DATA} && for number in $(seq {MIB // 128}); do head -c 84M /dev/urandom | base64 --wrap=0 > large$number; done",
        f"cd {DATA} && mkdir small && head -c {MIB * 3 // 32}M /dev/urandom | base64 --wrap=0 | split -b 16K -a 5 - small/",
        f"mkdir -p {RIVALS} && echo secret > {RIVALS}/password && sync",
    )
    BYTES = int(host.succeed(f"du --summarize --bytes {DATA} | cut -f1"))
    FILES = int(host.succeed(f"find {DATA} -type f | wc -l"))
    WHOLE = contents()

RESTIC = f"restic --quiet --no-cache --repo {RIVALS}/restic --password-file {RIVALS}/password"
DURABLE = f"sync --file-system {RIVALS}"
PACK = f"tar --create --sparse --xattrs --acls --numeric-owner --directory={DATA} . | zstd --quiet"
UNPACK = f"tar --extract --preserve-permissions --xattrs --acls --numeric-owner --directory={DATA}"
EMPTY = f"find {DATA} -mindepth 1 -delete"
HAS_RESTIC = host.execute("command -v restic")[0] == 0


def compared(what, ours, theirs):
    """One figure for each rival."""
    for name, value in theirs.items():
        (one, other) = (f"{BYTES / 2**20 / (milliseconds / 1000):.0f} MiB/s" for milliseconds in (ours, value))
        title = f"{what} {BYTES / 2**20:.0f} MiB in {FILES} files on {FILE_SYSTEM}: the app stands still"
        figure(title, (f"snapshot-volumes, {one}", ours), (f"{name}, {other}", value), "ms")


with subtest("snapshots"):
    theirs = {
        "tar | zstd": by_a_rival(f"{PACK} > {RIVALS}/one.tar.zst && {DURABLE}"),
        "tar | zstd -T0": by_a_rival(f"{PACK} -T0 > {RIVALS}/all.tar.zst && {DURABLE}"),
    }
    host.succeed(f"rm {RIVALS}/all.tar.zst")
    if HAS_RESTIC:
        host.succeed(f"{RESTIC} init")
        theirs["restic backup"] = by_a_rival(f"{RESTIC} backup {DATA} && {DURABLE}")
    still, story = by_hearth("take")
    host.log(f"ours took {story['milliseconds']} ms in all, most of it to read back what was written, beside the running app")
    compared("to copy", still, theirs)

with subtest("restores, each into the volume in its place, emptied first"):
    SNAPSHOT = story["found"]["id"]
    theirs = {"zstd | tar": by_a_rival(f"{EMPTY} && zstd -dc {RIVALS}/one.tar.zst | {UNPACK} && {DURABLE}")}
    assert contents() == WHOLE
    if HAS_RESTIC:
        theirs["restic restore"] = by_a_rival(f"{EMPTY} && {RESTIC} restore latest --target / && {DURABLE}")
        assert contents() == WHOLE
    host.succeed(f"echo planted > {DATA}/small/planted && rm {DATA}/large1")
    still, story = by_hearth("restore", SNAPSHOT)
    assert contents() == WHOLE
    compared("to put back", still, theirs)
