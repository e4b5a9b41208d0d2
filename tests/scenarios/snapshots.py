# Volumes are snapshotted, changed, restored, byte for byte: hello's counter and Miniflux's database.
#
# hello's snapshots lie on the file system of the volumes and are clones where it can clone; Miniflux's lie elsewhere and
# are archives.
APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}
VOLUMES = "xfs"

ELSEWHERE = "/var/tmp/snapshots"
MANIFESTS = {app: f"/var/tmp/{app}.json" for app in APPS}
DATABASE = "feeds_example_org_db"
STOPPED = f"docker service inspect {DATABASE} --format '{{{{json .Spec.Labels}}}}'"


def snapshot(app, *words, good=(0, 10)):
    """Runs the command, and returns its receipt."""
    status, text = host.execute(f"snapshot-volumes --json {MANIFESTS[app]} {' '.join(words)} 2>> /var/tmp/said")
    assert status in good, (status, text, host.execute("tail -n 20 /var/tmp/said")[1])
    return json.loads(text)


def count():
    # The proxy takes a moment to send requests to a task that was just started.
    return int(host.wait_until_succeeds(https("hello.example.org", "/count"), timeout=30))


def dump():
    """The whole database as text, without the line that differs each time."""
    container = host.succeed(f"docker ps --quiet --filter name={DATABASE}").split()[0]
    text = host.succeed(f"docker exec {container} pg_dump --username=miniflux miniflux")
    return [line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def sql(text):
    container = host.succeed(f"docker ps --quiet --filter name={DATABASE}").split()[0]
    return host.succeed(f'docker exec {container} psql --username=miniflux --quiet --tuples-only -c "{text}" miniflux')


def replicas():
    return host.succeed("docker service ls --format '{{.Name}} {{.Replicas}}' | sort")


wait_until_serving()
host.succeed(
    f"jq . /etc/hearth/apps/hello.json > {MANIFESTS['hello']}",
    f"jq '.snapshot = {{folder: \"{ELSEWHERE}\"}}' /etc/hearth/apps/miniflux.json > {MANIFESTS['miniflux']}",
)
clones = host.succeed("stat --file-system --format=%T /var/lib/docker/volumes").strip() in ("xfs", "btrfs")

with subtest("an app is stopped, its snapshot taken and read back, and it serves again as before"):
    for _ in range(3):
        get("hello.example.org", "/count", "--request POST")
    before = replicas()
    taken = snapshot("hello", "take")
    assert taken["outcome"] == "changed" and taken["found"]["healthy"], taken
    assert taken["found"]["volumes"][0]["form"]["kind"] == ("clone" if clones else "archive"), taken
    assert replicas() == before
    host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    assert count() == 3

with subtest("it is last-good, listed, and whole"):
    shown = json.loads(host.succeed(f"snapshot-volumes --json {MANIFESTS['hello']} list"))
    first = taken["found"]["id"]
    kept = host.succeed(f"find /var/lib -path '*/{first}/stack.yml' -exec cat {{}} +")
    assert "hello:1" in kept, kept
    assert shown["lastGood"] == first and [one["id"] for one in shown["snapshots"]] == [first], shown
    assert f"* {first}" in host.succeed(f"snapshot-volumes {MANIFESTS['hello']} list")
    assert snapshot("hello", "verify", first)["outcome"] == "unchanged"

with subtest("what came later is gone after a restore, and the counter is what it was"):
    get("hello.example.org", "/count", "--request POST")
    data = host.succeed("docker volume inspect hello_example_org_data --format '{{.Mountpoint}}'").strip()
    host.succeed(f"echo planted > {data}/planted")
    assert count() == 4
    restored = snapshot("hello", "restore", first)
    assert restored["outcome"] == "changed", restored
    host.wait_until_succeeds(https("hello.example.org"), timeout=30)
    assert count() == 3
    host.fail(f"test -e {data}/planted")
    assert replicas() == before

with subtest("reconciling after that changes nothing"):
    good, words = reconcile("hearth-app-hello.service")
    assert good and receipt("apps/hello")["outcome"] == "unchanged", words

with subtest("a database comes back byte for byte after a migration dropped a table"):
    sql("CREATE TABLE planted (row text); INSERT INTO planted VALUES ('one'), ('two');")
    saved = dump()
    taken = snapshot("miniflux", "take")
    assert taken["found"]["volumes"][0]["form"]["kind"] == "archive", taken
    sql("DROP TABLE planted; DROP TABLE entries CASCADE; UPDATE users SET username = 'nobody';")
    assert dump() != saved
    snapshot("miniflux", "restore", taken["found"]["id"])
    assert dump() == saved
    host.wait_until_succeeds(https("feeds.example.org", "/healthcheck"), timeout=30)

with subtest("a run that is killed while the app is stopped: the next one starts it and takes its snapshot"):
    in_background("killed", f"snapshot-volumes {MANIFESTS['miniflux']} take", "--no-block")
    host.wait_until_succeeds(f"{STOPPED} | grep hearth.stopped", timeout=30)
    host.succeed("systemctl kill --signal=KILL killed.service")
    assert replicas() != before, "it is stopped"
    assert snapshot("miniflux", "take")["outcome"] == "changed"
    assert replicas() == before
    assert dump() == saved
    host.fail(f"{STOPPED} | grep hearth.stopped")

with subtest("without room nothing is stopped, and the run is held with both numbers"):
    host.succeed("mkdir -p /var/tmp/small && mount -t tmpfs -o size=8m tmpfs /var/tmp/small")
    host.succeed(f"jq '.snapshot = {{folder: \"/var/tmp/small\"}}' /etc/hearth/apps/miniflux.json > {MANIFESTS['miniflux']}.small")
    since = services()
    status, text = host.execute(f"snapshot-volumes {MANIFESTS['miniflux']}.small take")
    assert status == 20 and "bytes in /var/tmp/small" in text and "are free" in text, (status, text)
    assert services() == since

with subtest("a snapshot that was tampered with is told, and not restored"):
    last = json.loads(host.succeed(f"snapshot-volumes --json {MANIFESTS['miniflux']} list"))["lastGood"]
    host.succeed(f"printf x | dd of={ELSEWHERE}/{last}/0.tar.zst bs=1 seek=5000 conv=notrunc status=none")
    assert snapshot("miniflux", "verify", last, good=(1,))["outcome"] == "failed"
    refused = snapshot("miniflux", "restore", last, good=(1,))
    assert "no volume was touched" in refused["summary"], refused
    assert dump() == saved

DUMP = "/var/lib/postgresql/data/dump.sql"
host.succeed(
    "jq '.snapshot = {folder: \"/var/tmp/dumps\", mode: \"hooks\", hookSeconds: 5}' /etc/hearth/apps/miniflux.json"
    f" > {MANIFESTS['miniflux']}"
)


def hook(command):
    """Gives the database another command that makes its dump, as a recipe might."""
    host.succeed(f"docker service update --quiet --detach --label-add 'backupbot.backup.pre-hook={command}' {DATABASE}")


with subtest("where the app declares so, it runs on and its own command makes the dump, which alone is kept"):
    since = services()
    taken = snapshot("miniflux", "take")
    assert services() == since, "nothing was stopped"
    volume = taken["found"]["volumes"][0]
    assert volume["only"] == ["dump.sql"] and volume["entries"] == 2, volume
    container = host.succeed(f"docker ps --quiet --filter name={DATABASE}").split()[0]
    host.fail(f"docker exec {container} test -e {DUMP}")
    good = taken["found"]["id"]

with subtest("a dump that comes back is loaded"):
    sql("DROP TABLE planted; UPDATE users SET username = 'nobody';")
    snapshot("miniflux", "restore", good)
    assert sorted(dump()) == sorted(saved)

with subtest("a command that fails, hangs, or leaves no dump or an empty one is an error, and nothing is kept"):
    bad = {
        "echo no room left; exit 3": "failed with exit code 3: no room left",
        "sleep 60": "did not end within 5 s",
        "true": "left no dump",
        f": > {DUMP}": "has 0 bytes, at least 64 are expected",
        f"echo old > {DUMP}; touch -d 2001-01-01 {DUMP}": "is an old one",
    }
    for command, words in bad.items():
        hook(command)
        refused = snapshot("miniflux", "take", good=(1,))
        assert words in refused["summary"] and refused["outcome"] == "failed", refused
    shown = json.loads(host.succeed(f"snapshot-volumes --json {MANIFESTS['miniflux']} list"))
    assert shown["lastGood"] == good and len(shown["snapshots"]) == 1, shown

with subtest("the timer's unit takes one too, with no more rights than it needs"):
    host.succeed("systemctl start hearth-snapshot-hello.service")
    last = receipt("apps/hello/snapshots")
    assert last["outcome"] == "changed", last
    assert last["found"]["volumes"][0]["form"]["kind"] == ("clone" if clones else "archive"), last
    assert count() == 3

with subtest("a restore that is killed in the middle is ended by the next reconcile, before it starts anything"):
    kept = receipt("apps/hello/snapshots")["found"]["id"]
    get("hello.example.org", "/count", "--request POST")
    killed = f"HEARTH_TEST_KILL_AT=7 snapshot-volumes {MANIFESTS['hello']} restore {kept}"
    status, text = host.execute(f"{killed} 2>&1")
    assert status != 0 and "after RestoreIntentWritten" in text, text
    text = host.fail(f"snapshot-volumes {MANIFESTS['hello']} take 2>&1")
    assert f"the restore of {kept} is not finished" in text, text
    good, words = reconcile("hearth-app-hello.service")
    assert good and f"going on with the restore of {kept}" in words, words
    assert count() == 3
    assert snapshot("hello", "take")["outcome"] == "changed"

with subtest("a copy off the host brings the data back when host and snapshots are lost"):
    host.succeed("mkdir -p /var/tmp/offsite && umask 077 && openssl rand -hex 16 > /var/tmp/offsite/password")
    copied = {"repository": "/var/tmp/offsite/repository", "passwordFile": "/var/tmp/offsite/password", "resticCommand": RESTIC}
    kept = json.dumps({"folder": ELSEWHERE, "offsite": copied})
    host.succeed(f"jq '.snapshot = {kept}' /etc/hearth/apps/miniflux.json > {MANIFESTS['miniflux']}")
    wanted = dump()
    taken = snapshot("miniflux", "take")["found"]["id"]
    assert snapshot("miniflux", "send")["outcome"] == "changed"
    assert snapshot("miniflux", "send")["outcome"] == "unchanged"
    sql("DROP TABLE users CASCADE;")
    host.succeed(f"rm -rf {ELSEWHERE}")
    assert taken in snapshot("miniflux", "fetch")["summary"]
    snapshot("miniflux", "restore", taken)
    assert dump() == wanted
    password = host.succeed("cat /var/tmp/offsite/password").strip()
    host.fail(f"grep --recursive --quiet {password} /var/lib/hearth /etc /var/tmp/said")
