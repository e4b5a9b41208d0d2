# A secret that is rotated reaches exactly those who use it; one that is bad fails alone; users are made with theirs.

APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org"}
FOLDER = "/var/lib/secrets-under-test"
FILE = f"{FOLDER}/example.yaml"
UNIT = "hearth-secrets.service"
RENDERED = "/run/hearth/secrets"
KEY = "--age-key-file /var/lib/hearth/age.key"
# Units that stand for programs that use a secret: who is told when the token changes, and who is not.
RUNNING = ["uses-token", "reloads-token", "uses-other"]


def declare_secrets(change, file="/etc/hearth/secrets.json"):
    """Declares the secrets anew; `change` is a jq expression over their manifest. Returns a function that takes it back."""
    before = f"{FOLDER}/before-{file.split('/')[-1]}"
    host.succeed(f"test -e {before} || cp {file} {before}; rm -f {file}; jq '{change}' {before} > {file}")
    return lambda: host.succeed(f"rm -f {file}; cp {before} {file}")


def set_secret(name, value):
    host.succeed(f"printf %s '{value}' | hearth secrets set {KEY} {FILE} {name}")


def rendered(name):
    return host.succeed(f"cat {RENDERED}/{name}")


def started():
    """Which run of each unit it is."""
    return {unit: host.get_unit_property(f"{unit}.service", "InvocationID") for unit in RUNNING}


def monotonic(unit, property):
    return int(host.get_unit_property(unit, property))


wait_until_serving()

with subtest("a user is made with the password that is a secret, which was rendered before"):
    value = host.succeed("cat /run/hearth/secrets-for-users/operator_password")
    assert value.startswith("$6$"), value
    assert host.succeed("getent shadow operator").split(":")[1] == value
    ended = monotonic("hearth-secrets-for-users.service", "ExecMainExitTimestampMonotonic")
    makers = [monotonic(unit, "ExecMainStartTimestampMonotonic") for unit in ("userborn.service", "systemd-sysusers.service")]
    assert 0 < ended < max(makers), (ended, makers)
    kind = host.succeed("findmnt --noheadings --output FSTYPE,OPTIONS --target /run/hearth/secrets-for-users/operator_password")
    assert kind.startswith("ramfs") or "noswap" in kind, kind
    assert host.succeed("stat --format=%a:%U /run/hearth/secrets-for-users/operator_password").strip() == "400:root"

with subtest("all others are rendered before anything of the host starts, and nothing in a boot contradicts that"):
    rendering = host.succeed(f"journalctl --boot --unit={UNIT} --grep='^Starting|^Finished' --output=json | jq --slurp '.[:2]'")
    first = [int(line["__MONOTONIC_TIMESTAMP"]) for line in json.loads(rendering)]
    assert len(first) == 2 and max(first) < monotonic("sysinit.target", "ActiveEnterTimestampMonotonic"), first
    host.fail("journalctl --boot --grep='ordering cycle'")

with subtest("nothing below /run/hearth can be swapped: neither certificates nor registry logins nor what pipelines sent"):
    for folder in host.succeed("find /run/hearth -xdev -type d").split() + host.succeed("findmnt --noheadings --list --output TARGET | grep '^/run/hearth/'").split():
        kind = host.succeed(f"findmnt --noheadings --output FSTYPE,OPTIONS --target {folder}")
        assert kind.startswith("ramfs") or "noswap" in kind, (folder, kind)
    assert {"certificates", "docker"} <= set(host.succeed("ls /run/hearth").split())

with subtest("no unit of Hearth leaves a core dump or a page in swap"):
    units = [line.split()[0] for line in host.succeed("systemctl list-unit-files --no-legend --type=service 'hearth-*'").splitlines()]
    named = [unit for unit in units if "@" not in unit and unit != "hearth-test-files.service"]
    assert len(named) > 20, named
    for unit in named:
        kept = {host.get_unit_property(unit, "LimitCORE"), host.get_unit_property(unit, "MemorySwapMax")}
        assert kept == {"0"}, (unit, kept)

with subtest("the unit may do little"):
    host.succeed(f"systemd-analyze security --no-pager --threshold=20 {UNIT} > /dev/null")
    assert host.get_unit_property(UNIT, "LimitCORE") == "0"
    assert host.get_unit_property(UNIT, "MemorySwapMax") == "0"

host.succeed(f"mkdir -p {FOLDER}")
original = json.loads(host.succeed("cat /etc/hearth/secrets.json"))["secrets"][0]["file"]
host.succeed(f"cp {original} {FILE} && chmod u+w {FILE}")
EXTRA = f"{RENDERED}/extra"
watched = (
    f'.secrets[].file = "{FILE}"'
    # A secret that nothing of the host uses: what happens to it happens to nobody else.
    f' | .secrets += [.secrets[0] + {{name: "extra", key: "extra", path: "{EXTRA}", unit: null}}]'
    ' | .placeholders.extra = "<HEARTH:extra:PLACEHOLDER>"'
    ' | (.secrets[] | select(.name == "hello_token")).restartUnits = ["is-missing.service", "is-stopped.service", "has-failed.service", "uses-token.service"]'
    ' | (.secrets[] | select(.name == "hello_token")).reloadUnits = ["reloads-token.service"]'
    ' | (.secrets[] | select(.name == "extra")).restartUnits = ["uses-other.service"]'
)
set_secret("extra", "canary-extra")
take_back = declare_secrets(watched)
assert reconcile(UNIT)[0] and rendered("extra") == "canary-extra"
host.succeed(
    "mkdir -p /run/systemd/system && printf '[Service]\\nExecStart=sleep infinity\\n' > /run/systemd/system/is-stopped.service",
    # What a service without its secret does: it is started too often, and fails.
    f"printf '[Unit]\\nStartLimitBurst=1\\n[Service]\\nType=oneshot\\nRemainAfterExit=true\\nExecStart=/bin/sh -c \"exec test -e {FOLDER}/works\"\\n'"
    " > /run/systemd/system/has-failed.service",
    "systemctl daemon-reload",
)
for unit in RUNNING:
    in_background(unit, "sleep infinity", f"--property=ExecReload='/bin/sh -c \"echo reloaded >> {FOLDER}/{unit}\"'")

with subtest("secrets that did not change change nothing"):
    before = started()
    good, words = reconcile(UNIT)
    assert good and receipt("secrets")["outcome"] == "unchanged", words
    assert started() == before

with subtest("a rotated secret restarts and reloads exactly the units that use it"):
    old_token, generation = rendered("hello_token"), host.succeed(f"readlink {RENDERED}")
    host.fail("systemctl start has-failed.service")
    host.succeed(f"touch {FOLDER}/works")
    host.fail("systemctl start has-failed.service")
    set_secret("hello_token", "canary-rotated-token")
    good, words = reconcile(UNIT)
    assert good and receipt("secrets")["outcome"] == "changed", words
    assert "systemd knows no `is-missing.service`" in words, words
    assert rendered("hello_token") == "canary-rotated-token"
    host.wait_until_succeeds(f"test -s {FOLDER}/reloads-token", timeout=30)
    host.wait_until_succeeds(
        f"test \"$(systemctl show --property=InvocationID --value uses-token.service)\" != {before['uses-token']}", timeout=30)
    after = started()
    assert {unit for unit in RUNNING if after[unit] != before[unit]} == {"uses-token"}, (before, after)
    host.fail("systemctl is-active is-stopped.service")
    host.wait_until_succeeds("systemctl is-active has-failed.service", timeout=30)
    host.fail(f"test -e {FOLDER}/uses-other -o -e {FOLDER}/uses-token")

with subtest("and updates exactly the swarm services that use it"):
    indexes = services()
    host.succeed("systemctl start hearth-drift.service")
    host.succeed("printf 'header = \"Authorization: Bearer canary-rotated-token\"\\n' > /dev/shm/token")
    host.wait_until_succeeds(https("hello.example.org", "/count", "--request DELETE --config /dev/shm/token"), timeout=120)
    # Both environments of the app use it.
    for app in ("hello", "hello-test"):
        host.wait_until_succeeds(f"systemctl show --property=ActiveState --value hearth-app-{app}.service | grep -qx inactive", timeout=120)
    touched = {name for name, index in services().items() if indexes.get(name) != index}
    assert touched == {"hello_example_org_app", "hello-test_example_org_app"}, touched
    host.succeed(f"printf 'header = \"Authorization: Bearer %s\"\\n' '{old_token}' > /dev/shm/token")
    host.fail(https("hello.example.org", "/count", "--request DELETE --config /dev/shm/token"))
    host.succeed("rm /dev/shm/token")

with subtest("a second run touches nothing"):
    before, indexes, link = started(), services(), host.succeed(f"stat --format=%i:%Z {RENDERED}")
    assert reconcile(UNIT)[0] and receipt("secrets")["outcome"] == "unchanged"
    host.succeed("systemctl start hearth-drift.service")
    assert (started(), services(), host.succeed(f"stat --format=%i:%Z {RENDERED}")) == (before, indexes, link)
    assert generation != host.succeed(f"readlink {RENDERED}")

with subtest("a bad secret fails alone and under its own name, and keeps what it had"):
    # One bit of the token in a copy, and another secret that is new in the same run.
    host.succeed(f"sed -E '/^hello_token/s/(data:)(.)/\\1\\2\\2/' {FILE} > {FOLDER}/bad.yaml")
    host.succeed(f"cmp --silent {FILE} {FOLDER}/bad.yaml && exit 1 || true")
    set_secret("extra", "canary-rotated-extra")
    declare_secrets(watched + f' | (.secrets[] | select(.name == "hello_token")).file = "{FOLDER}/bad.yaml"')
    good, words = reconcile(UNIT)
    assert not good and "hello_token" in words and "it keeps its last content" in words, words
    assert host.get_unit_property(UNIT, "ExecMainStatus") == "40", "it says partly"
    assert (rendered("hello_token"), rendered("extra")) == ("canary-rotated-token", "canary-rotated-extra")
    host.wait_until_succeeds("systemctl is-failed hearth-secret-hello_token.service", timeout=30)
    failed = host.succeed("systemctl list-units --failed --plain --no-legend 'hearth-secret*' | cut -d' ' -f1").split()
    assert sorted(failed) == ["hearth-secret-hello_token.service", UNIT], failed
    assert "hello 1.0.0" in get("hello.example.org")

with subtest("and is good again with the secret"):
    declare_secrets(watched)
    assert reconcile(UNIT)[0]
    host.wait_until_succeeds("! systemctl is-failed hearth-secret-hello_token.service", timeout=30)
    assert host.succeed("systemctl list-units --failed --plain --no-legend 'hearth-secret*'") == ""

with subtest("one that is rendered before users fails under its name when everything is looked at, and keeps what it had"):
    early = declare_secrets(f'.secrets[].file = "{FOLDER}/none.yaml"', "/etc/hearth/secrets-for-users.json")
    host.fail("systemctl start hearth-secrets-for-users.service")
    host.execute("systemctl start hearth.target")
    host.wait_until_succeeds("systemctl is-failed hearth-secret-operator_password.service", timeout=30)
    assert host.succeed("cat /run/hearth/secrets-for-users/operator_password") == value
    early()
    host.succeed("systemctl start hearth-secrets-for-users.service hearth-secret-operator_password.service")

# Where what was decrypted could have been left, beside what `serves` searches.
LEFT = {
    "core dumps": "find / -xdev \\( -name 'core' -o -name 'core.[0-9]*' -o -path '/var/lib/systemd/coredump/*' \\) -type f -exec cat {} +",
    "swap": "awk 'NR > 1 { print $1 }' /proc/swaps | xargs -r cat",
    "the journal": "journalctl --output=export",
    "all state": "find /var/lib/hearth /tmp /var/tmp /root -type f ! -name age.key -exec cat {} +",
    "arguments and environments": "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null",
}


def left():
    """The places in which a rotated secret is found."""
    # From a file: the search's own arguments would be a find.
    host.succeed("printf 'canary-rotated-%s\\n' token extra > /dev/shm/canaries")
    search = "grep --text --fixed-strings --file=/dev/shm/canaries > /dev/null"
    return [place for place, command in LEFT.items() if host.execute(f"{{ {command} || true; }} | {search}")[0] == 0]


with subtest("a helper that is killed while it has secrets leaves no core dump, and none is found anywhere"):
    host.succeed(f"mkfifo {FOLDER}/waits.yaml")
    declare_secrets(watched + f' | (.secrets[] | select(.name == "tls_key")).file = "{FOLDER}/waits.yaml"')
    host.succeed(f"systemctl start --no-block {UNIT}")
    host.wait_until_succeeds(f"test \"$(systemctl show --property=MainPID --value {UNIT})\" != 0", timeout=30)
    host.sleep(2)
    helper = monotonic(UNIT, "MainPID")
    host.succeed(f"kill -ABRT {helper}")
    host.wait_until_succeeds(f"! test -e /proc/{helper}", timeout=30)
    declare_secrets(watched)
    # Whatever wants the secrets may have started it once more.
    host.succeed(f"systemctl stop {UNIT}")
    host.succeed("mkdir -p /var/lib/systemd/coredump && echo canary-rotated-$(echo token) > /var/lib/systemd/coredump/planted")
    assert left() == ["core dumps"], left()
    host.succeed("rm /var/lib/systemd/coredump/planted")
    assert left() == [], left()

take_back()
assert reconcile(UNIT)[0]
host.fail(f"test -e {EXTRA}")
host.succeed(f"rm -r {FOLDER} /run/systemd/system/is-stopped.service /run/systemd/system/has-failed.service; systemctl daemon-reload")
