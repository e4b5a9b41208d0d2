# What a snapshot and a restore of a large volume cost: how long the app stands still, and how fast all of it is.
# Rivals, in the same run, on the same stopped app: `tar | zstd`, and `restic`. None of them is told less than to keep
# holes and attributes, and each must have its data on the disk when it ends.
VOLUMES = "xfs"

MIB = 4096 if LONG else 1024
MANIFESTS = {"a cloning file system": "/var/tmp/clones.json", "a plain file system": "/var/tmp/archives.json"}
PLAIN = "/var/tmp/plain"

wait_until_serving()
DATA = host.succeed("docker volume inspect hello_example_org_data --format '{{.Mountpoint}}'").strip()


def timed(command):
    """How long a command takes, in milliseconds."""
    begun, ended = host.succeed(f"date +%s%N; ( {command} ) > /dev/null; date +%s%N").split()
    return (int(ended) - int(begun)) / 1e6


def ours(kind, *words):
    """Runs snapshot-volumes; returns for how long the app stood still, how long all took, and the receipt."""
    whole = timed(f"snapshot-volumes --json {MANIFESTS[kind]} {' '.join(words)} > /var/tmp/receipt 2> /var/tmp/said || test $? = 10")
    receipt = json.loads(host.succeed("cat /var/tmp/receipt"))
    assert receipt["outcome"] == "changed", receipt
    return receipt["steps"][0]["milliseconds"], whole, receipt


with subtest(f"a volume of {MIB} MiB that compresses to three quarters, in files of many sizes"):
    # Text of random bytes: 6 bits of each 8 mean something.
    host.succeed(
        f"cd {DATA} && for number in $(seq {MIB // 128}); do head -c 84M /dev/urandom | base64 --wrap=0 > large$number; done",
        f"cd {DATA} && mkdir small && head -c {MIB * 3 // 32}M /dev/urandom | base64 --wrap=0 | split -b 16K -a 5 - small/",
        f"jq '.snapshot = {{folder: \"/var/lib/hearth/snapshots/hello\"}}' /etc/hearth/apps/hello.json > {MANIFESTS['a cloning file system']}",
        f"jq '.snapshot = {{folder: \"{PLAIN}/ours\"}}' /etc/hearth/apps/hello.json > {MANIFESTS['a plain file system']}",
        f"mkdir -p {PLAIN} && echo secret > {PLAIN}/password && sync",
    )
    BYTES = int(host.succeed(f"du --summarize --bytes {DATA} | cut -f1"))

RIVAL = host.execute("command -v restic")[0] == 0
RESTIC = f"restic --quiet --no-cache --repo {PLAIN}/restic --password-file {PLAIN}/password"
with subtest("the rivals take theirs while the app is stopped"):
    host.succeed("docker service scale --detach hello_example_org_app=0")
    host.wait_until_succeeds("test -z \"$(docker ps --quiet --filter name=hello_example_org_app)\"", timeout=60)
    if RIVAL:
        host.succeed(f"{RESTIC} init")
    pack = f"tar --create --sparse --xattrs --acls --numeric-owner --directory={DATA} . | zstd --quiet"
    tar = timed(f"{pack} > {PLAIN}/rival.tar.zst && sync --file-system {PLAIN}")
    threads = timed(f"{pack} -T0 > {PLAIN}/threads.tar.zst && sync --file-system {PLAIN}")
    restic = timed(f"{RESTIC} backup {DATA} && sync --file-system {PLAIN}") if RIVAL else None
    host.succeed("docker service scale --detach hello_example_org_app=1")
    host.wait_until_succeeds(https("hello.example.org"), timeout=60)


def speed(milliseconds):
    return BYTES / 1048576 / (milliseconds / 1000)


taken = {}
for kind in MANIFESTS:
    with subtest(f"ours, on {kind}"):
        still, whole, taken[kind] = ours(kind, "take")
        for name, theirs in (("tar | zstd", tar), ("tar | zstd -T0", threads), ("restic", restic)):
            if theirs is None:
                continue
            figure(f"snapshot of {MIB} MiB on {kind}: the app stands still for the copy", ("snapshot-volumes", still), (name, theirs), "ms")
        host.log(f"{kind}: {whole:.0f} ms in all, with stopping, starting and reading back; {speed(still):.0f} MiB/s of copying")

with subtest("restores, with the app stopped, each into the emptied volume or in its place"):
    host.succeed("docker service scale --detach hello_example_org_app=0")
    host.wait_until_succeeds("test -z \"$(docker ps --quiet --filter name=hello_example_org_app)\"", timeout=60)
    empty = f"find {DATA} -mindepth 1 -delete"
    untar = timed(f"{empty} && zstd -dc {PLAIN}/rival.tar.zst | tar --extract --preserve-permissions --xattrs --acls --numeric-owner --directory={DATA} && sync --file-system {DATA}")
    unrestic = timed(f"{empty} && {RESTIC} restore latest --target / && sync --file-system {DATA}") if RIVAL else None
    host.succeed("docker service scale --detach hello_example_org_app=1")
    host.wait_until_succeeds(https("hello.example.org"), timeout=60)

for kind in MANIFESTS:
    with subtest(f"our restore, on {kind}"):
        still, whole, _ = ours(kind, "restore", taken[kind]["found"]["id"])
        for name, theirs in (("zstd | tar", untar), ("restic", unrestic)):
            if theirs is None:
                continue
            figure(f"restore of {MIB} MiB on {kind}: the app stands still for it, checked", ("snapshot-volumes", still), (name, theirs), "ms")
