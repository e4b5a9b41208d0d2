# Deploys through the door: over SSH with a key, as a user of the host, and by hand. What goes wrong puts the old version
# back, what is not allowed leads nowhere, and the registry token is found nowhere afterwards.
import base64

APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org"}
QUICK = '.gate.convergeSeconds = 30 | .gate.healthySeconds = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'
UNIT = "hearth-app-hello.service"
LIVE, TEST = "hello.example.org", "hello-test.example.org"
TOKEN = "canary-8d1f6c0b7e5a49d2"
# Of that token, as `htpasswd -B` makes it: what the registry keeps of a login is no trace of it.
LOGIN = "pipeline:$2y$05$3OUZmgpA5HjGXIUxmSEXs.VAMhh6z00TWNjRmGR3jnTLf0maarPhC"
SSH = "ssh -q -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o BatchMode=yes"

wait_until_serving()
for app in ("hello", "hello-test"):
    declare(app, QUICK)
    good, said = reconcile(f"hearth-app-{app}.service")
    assert good, said
get(LIVE, "/count", "--request POST")

# The keys of the example are nobody's: these take their places.
for name in ("ci", "branches"):
    host.succeed(f"ssh-keygen -q -t ed25519 -N '' -C {name} -f /root/key-{name}")
    public = host.succeed(f"cat /root/key-{name}.pub").strip()
    host.succeed(f"sed -i -E 's#(--key {name} .*restrict ).*#\\1{public}#' /etc/hearth/deploy-keys")
host.succeed(f"printf '%s\\n' '{LOGIN}' >> {REGISTRY_LOGINS}")
# In memory, and never in a command: the command line of a test is none of a pipeline's.
host.succeed("mkdir -p /dev/shm/t && chmod 700 /dev/shm/t")
host.succeed(f"echo 'pipeline:' | tr -d '\\n' > /dev/shm/t/token; echo '{TOKEN[::-1]}' | rev >> /dev/shm/t/token")


def over_ssh(command, key="ci", token="/dev/shm/t/token", options=""):
    """What a pipeline does: the exit code, and what it reads."""
    return host.execute(f"{SSH} -i /root/key-{key} {options} hearth-deploy@localhost {command} < {token} 2>&1")


def begin(version, file):
    """The same, without waiting for it: what it reads and then its exit code come into a file."""
    ask = f"{SSH} -i /root/key-ci hearth-deploy@localhost hello prod {version}"
    command = f"{ask} < /dev/shm/t/token > {file} 2>&1 || code=$?; echo $code >> {file}"
    host.succeed(f"(code=0; {command}) &> /dev/null < /dev/null &")


def begin_slowly(version, file):
    """The same with a gate that takes its time, and on to where the new version is being deployed."""
    declare("hello", QUICK.replace("healthySeconds = 1 ", "healthySeconds = 25 "))
    begin(version, file)
    host.wait_until_succeeds(f"grep -q '^deploying' {file}", timeout=120)
    declare("hello", QUICK)


def ended(file):
    """What such a one read, and its exit code, once it has one."""
    host.wait_until_succeeds(f"tail -n 1 {file} | grep -x '[0-9]*'", timeout=180)
    *said, code = host.succeed(f"cat {file}").splitlines()
    return int(code), "\n".join(said)


def came_to(said):
    """The outcome, as the last line names it."""
    return said.splitlines()[-1].split(":")[0]


def pinned(app="hello"):
    return json.loads(host.succeed(f"cat /var/lib/hearth/apps/{app}/pinned.json"))


def door_seconds():
    """The CPU that all instances of the door had so far."""
    return int(host.succeed("cut -d' ' -f2 /sys/fs/cgroup/system.slice/system-hearth\\\\x2ddeploy.slice/cpu.stat | head -n 1")) / 1e6


def serves(domain, version):
    said = get(domain)
    assert f"hello {version}" in said, said


# Everything that a process shows of itself, twenty times a second from here on.
SAMPLER = """
import glob, os, time

patterns = open("/dev/shm/t/patterns", "rb").read().split()
while True:
    for file in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        try:
            shown = open(file, "rb").read()
        except OSError:
            continue
        for found in (pattern for pattern in patterns if pattern in shown):
            with open("/run/seen", "ab") as seen:
                seen.write(file.encode() + b" " + found + b"\\n")
    with open("/run/looks", "a") as looks:
        looks.write("look\\n")
    time.sleep(0.05)
"""
alignments = [base64.b64encode(b"x" * shift + TOKEN.encode()).decode() for shift in range(3)]
# Of the middle of each, which does not depend on what stands around it.
patterns = [TOKEN, *[text[4:24] for text in alignments]]
for pattern in patterns:
    host.succeed(f"echo '{pattern[::-1]}' | rev >> /dev/shm/t/patterns")
host.succeed(f"cat > /run/sampler.py <<'END'\n{SAMPLER}END")
in_background("sampler", "python3 /run/sampler.py")

with subtest("a good tag is deployed by its digest, and the pipeline reads how it goes"):
    code, said = over_ssh("hello prod 1.1.0")
    assert code == 0 and came_to(said) == "changed", f"{code}\n{said}"
    for words in ("pulling localhost:5000/hello:1.1.0", "is sha256:", "asked for by key ci", "snapshot", "deploying"):
        assert words in said, f"{words} is missing:\n{said}"
    serves(LIVE, "1.1.0")
    assert pinned()["tag"] == "1.1.0" and pinned()["by"] == "key ci", pinned()
    assert pinned()["digest"] in host.succeed("docker service inspect hello_example_org_app")
    assert int(get(LIVE, "/count")) == 1

with subtest("the same once more changes nothing, in less than a second of CPU"):
    indexes = services()
    before = door_seconds()
    code, said = over_ssh("hello prod 1.1.0")
    assert code == 0 and came_to(said) == "unchanged", f"{code}\n{said}"
    assert services() == indexes
    units = [UNIT, "hearth-secrets.service", "hearth-swarm.service"]
    used = {unit: int(host.get_unit_property(unit, "CPUUsageNSec")) / 1e9 for unit in units}
    used["the door"] = door_seconds() - before
    print(f"CPU seconds of a deploy that changes nothing: {used}")
    assert 0 < used["the door"] and sum(used.values()) < 1, used

with subtest("a tag that is not there touches nothing"):
    code, said = over_ssh("hello prod 9.9.9")
    assert code == 1 and "nothing was deployed, what serves goes on serving" in said, f"{code}\n{said}"
    assert services() == indexes and pinned()["tag"] == "1.1.0"

with subtest("a token that has expired touches nothing, and is in no answer"):
    host.succeed("printf 'pipeline:expired-%s\\n' 4711 > /dev/shm/t/expired")
    code, said = over_ssh("hello prod 1.0.0", token="/dev/shm/t/expired")
    assert code == 1 and "nothing was deployed" in said and "expired-4711" not in said, f"{code}\n{said}"
    assert services() == indexes

with subtest("a key cannot see what else there is"):
    code, theirs = over_ssh("hello prod 1.0.0", key="branches")
    nowhere_code, nowhere = over_ssh("wiki prod 1.0.0", key="branches")
    assert (code, nowhere_code) == (2, 2), (theirs, nowhere)
    assert theirs.replace("hello", "wiki") == nowhere and "nothing that you may deploy" in theirs, (theirs, nowhere)

with subtest("a key leads to nothing else"):
    for command in (
        "",
        "sh",
        "'hello prod 1.0.0; touch /tmp/owned'",
        "'hello prod $(touch /tmp/owned)'",
        "'hello prod 1.0.0\ntouch /tmp/owned'",
        "'hello prod --door'",
        "'hello prod ../../etc/passwd'",
        "internal-sftp",
        "'scp -t /tmp'",
        "git-upload-pack /",
        "'x" + "y" * 10000 + "'",
    ):
        code, said = over_ssh(command)
        assert code == 2 and "refused: " in said, f"{command[:60]}: {code}\n{said}"
    host.fail("ls /tmp/owned")
    said = host.execute(f"{SSH.replace(' -q', '')} -tt -i /root/key-ci hearth-deploy@localhost tty < /dev/null 2>&1")[1]
    assert "PTY allocation request failed" in said, said
    assert services() == indexes

with subtest("a key forwards nothing, where root's own key does"):
    host.succeed("mkdir -p -m 700 /root/.ssh && cp /root/key-ci.pub /root/.ssh/authorized_keys")
    registry = "http://127.0.0.1:5000/v2/"
    for options, ask in (
        ("-L 127.0.0.1:5999:127.0.0.1:5000", "http://127.0.0.1:5999/v2/"),
        ("-R 127.0.0.1:5998:127.0.0.1:5000", "http://127.0.0.1:5998/v2/"),
        ("-D 127.0.0.1:5997", f"--socks5 127.0.0.1:5997 {registry}"),
    ):
        for user, works in (("root", True), ("hearth-deploy", False)):
            forward = f"timeout 4 {SSH} -N -i /root/key-ci {options} {user}@localhost < /dev/null &> /dev/null &"
            said = host.execute(f"{forward} sleep 2; curl --silent --max-time 1 {ask}; wait; true")[1]
            assert ("UNAUTHORIZED" in said) == works, f"{user} {options}: {said}"
    host.succeed("rm -r /root/.ssh")

with subtest("a user of the host deploys what is theirs, with neither root nor the engine"):
    as_runner = "runuser -u runner -- $(command -v deploy-app)"
    code, said = host.execute(f"{as_runner} hello prod 1.0.0 2>&1")
    assert code == 0 and "asked for by user runner" in said, f"{code}\n{said}"
    serves(LIVE, "1.0.0")
    code, said = host.execute(f"{as_runner} --token-stdin hello prod 1.1.0 2>&1 < /dev/shm/t/token")
    assert code == 0 and came_to(said) == "changed", f"{code}\n{said}"
    code, said = host.execute(f"{as_runner} hello test 1.1.0 2>&1")
    assert code == 2 and "nothing that you may deploy" in said, f"{code}\n{said}"
    host.fail("runuser -u runner -- docker ps")
    knock = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(\"/run/hearth-deploy/socket\");"
        " s.sendall(sys.argv[1].encode() + bytes([10])); s.shutdown(socket.SHUT_WR); print(s.makefile().read())"
    )
    claim = json.dumps({"command": "hello test 1.1.0", "key": "ci", "digest": None, "token": False})
    said = host.succeed(f"runuser -u runner -- python3 -c '{knock}' '{claim}'")
    assert "only the user that keys log in as may speak for a key" in said, said
    host.fail(f"runuser -u nobody -- python3 -c '{knock}' '{claim}'")

with subtest("a version that does not come up: its log is told, the old one is back with its data"):
    before = pinned()
    code, said = over_ssh("hello prod 1.2.0-exits")
    assert code == 30 and came_to(said) == "rolled back", f"{code}\n{said}"
    assert "exits at start, as told" in said, said
    serves(LIVE, "1.1.0")
    assert pinned() == before and int(get(LIVE, "/count")) == 1
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "unchanged", said

with subtest("a key that keeps its connections open keeps no other key out"):
    for number in range(4):
        # A token is announced, and does not come.
        host.succeed(f"(sleep 60 | {SSH} -i /root/key-ci hearth-deploy@localhost hello prod 1.1.0 > /run/open-{number} 2>&1) &> /dev/null < /dev/null &")
    host.wait_until_succeeds("test -e '/run/hearth/deploy/.callers/key ci/3'", timeout=60)
    code, said = over_ssh("hello prod 1.1.0")
    assert code == 2 and "key ci has 4 deploys at the door already" in said, f"{code}\n{said}"
    code, said = over_ssh("hello test 1.0.0", key="branches")
    assert code == 0, f"{code}\n{said}"
    host.wait_until_succeeds("test $(grep -l 'the registry token did not arrive' /run/open-? | wc -l) = 4", timeout=120)

with subtest("of two at once the second waits, and another environment does not"):
    begin_slowly("1.0.0", "/run/first")
    code, said = over_ssh("hello test 1.1.0", key="branches")
    assert code == 0, f"{code}\n{said}"
    serves(TEST, "1.1.0")
    assert "\nchanged: " not in host.succeed("cat /run/first"), "the first was over before the other environment was done"
    code, said = over_ssh("hello prod 1.1.0")
    assert code == 0 and "waiting for another deploy of this environment" in said, f"{code}\n{said}"
    code, said = ended("/run/first")
    assert code == 0 and came_to(said) == "changed", f"{code}\n{said}"
    serves(LIVE, "1.1.0")

with subtest("of five at once the first and the newest are done, the others give way"):
    begin_slowly("1.0.0", "/run/five-0")
    for number, version in enumerate(["1.1.0", "1.0.0", "1.0.0", "1.1.0"], start=1):
        begin(version, f"/run/five-{number}")
        host.wait_until_succeeds(f"grep -q waiting /run/five-{number}", timeout=60)
    codes = [ended(f"/run/five-{number}")[0] for number in range(5)]
    assert codes == [0, 40, 40, 40, 0], codes
    assert "a newer deploy of this environment came" in host.succeed("cat /run/five-2")
    serves(LIVE, "1.1.0")

with subtest("the unit is killed in the middle: the same deploy goes on and ends well"):
    begin_slowly("1.0.0", "/run/cut")
    host.succeed(f"systemctl kill --signal=KILL {UNIT}")
    code, said = ended("/run/cut")
    assert code == 0 and "starting it again" in said, f"{code}\n{said}"
    serves(LIVE, "1.0.0")

with subtest("the door is killed in the middle: the pipeline hears it, and the app's unit ends well"):
    begin_slowly("1.1.0", "/run/cut")
    host.succeed("systemctl kill --signal=KILL 'hearth-deploy@*.service'")
    code, said = ended("/run/cut")
    assert code == 1 and "the door hung up" in said, f"{code}\n{said}"
    host.wait_until_succeeds("jq -e '.tag == \"1.1.0\"' /var/lib/hearth/apps/hello/pinned.json", timeout=120)
    serves(LIVE, "1.1.0")


def killed_points(unit, step):
    """Kills a unit at one point after the other in a deploy each, until one passes them all; returns how many it were."""
    survived = 0
    while True:
        before = pinned()["tag"]
        version = "1.0.0" if before == "1.1.0" else "1.1.0"
        host.wait_until_succeeds(https(LIVE), timeout=30)
        written = get(LIVE, "/count", "--request POST")
        kill_at(unit, survived * step + 1)
        code, said = over_ssh(f"hello prod {version}")
        kill_at(unit, 0)
        _, journal = reconcile(UNIT)
        _, again = reconcile(UNIT)
        assert "nothing differs" in again, f"{journal}\n{again}"
        there = pinned()["tag"]
        host.wait_until_succeeds(f"{https(LIVE)} | grep -q 'hello {there}'", timeout=30)
        assert get(LIVE, "/count") == written, f"{written} were counted\n{said}"
        if code == 0:
            assert there == version and came_to(said) == "changed", f"{there}\n{said}"
        if code == 0 and "killed at point" not in said:
            return survived
        # A pipeline that hears nothing good may be wrong about it, and never the other way round.
        assert code in (0, 1) and there in (before, version), f"{code}, {there}\n{said}"
        survived += 1


with subtest("killed at any step of a deploy, what the pipeline was told holds, and no row is lost"):
    unit = killed_points(UNIT, 1 if LONG else 12)
    door = killed_points("hearth-deploy@.service", 1)
    assert unit * (1 if LONG else 12) > 30 and door > 1, (unit, door)
    print(f"deploy: killed at {unit} points of the app's unit and {door} of the door, and survived all")
    if pinned()["tag"] != "1.1.0":
        assert over_ssh("hello prod 1.1.0")[0] == 0

with subtest("what was proved in one environment goes to the other by its digest"):
    code, said = host.execute("hearth deploy hello-test 1.0.0 2>&1")
    assert code == 0 and came_to(said) == "changed", f"{code}\n{said}"
    code, said = host.execute("hearth promote hello test prod 2>&1")
    assert code == 0 and came_to(said) == "changed" and pinned("hello-test")["digest"] in said, f"{code}\n{said}"
    assert pinned()["digest"] == pinned("hello-test")["digest"] and pinned()["by"] == "root", pinned()
    serves(LIVE, "1.0.0")
    _, said = host.execute("hearth status 2>&1")
    line = next(line for line in said.splitlines() if line.startswith("hello "))
    assert "1.0.0 (sha256:" in line and "the flake names no image; without this deploy" in line, said

with subtest("what a person went back from is not promoted, status names what serves, and asked for again it comes back"):
    code, said = host.execute("hearth deploy hello-test 1.1.0 2>&1")
    short = {tag: f"{tag} ({digest[:19]})" for tag, digest in (("1.0.0", pinned()["digest"]), ("1.1.0", pinned("hello-test")["digest"]))}
    assert code == 0 and f"{short['1.1.0']} is deployed and healthy" in said, f"{code}\n{said}"
    code, said = host.execute("hearth rollback hello-test --yes 2>&1")
    assert code == 10 and f"{short['1.1.0']} serves; back to {short['1.0.0']} with its data" in said, f"{code}\n{said}"
    assert f"{short['1.0.0']} serves again with its data" in said and f"{short['1.1.0']} is set aside" in said, said
    serves(TEST, "1.0.0")

    def status_of_test():
        code, said = host.execute("hearth status 2>&1")
        return code, next(line for line in said.splitlines() if line.startswith("hello-test "))

    code, line = status_of_test()
    assert code == 20 and f"{short['1.0.0']} serves; a person went back from {short['1.1.0']} on " in line, f"{code}\n{line}"
    before = pinned()
    code, said = host.execute("hearth promote hello test prod 2>&1")
    assert code == 2 and f"refused: hello test does not serve {short['1.1.0']}" in said, f"{code}\n{said}"
    assert "a person went back from it on " in said and pinned() == before, said
    serves(LIVE, "1.0.0")
    reconcile("hearth-app-hello-test.service")
    assert receipt("apps/hello-test")["outcome"] == "held", receipt("apps/hello-test")
    code, line = status_of_test()
    assert code == 20 and "Accept it with `hearth accept hello-test 1.1.0`" in line, f"{code}\n{line}"
    code, said = over_ssh("hello test 1.1.0", key="branches")
    assert code == 0 and "a person went back from this on " in said, f"{code}\n{said}"
    serves(TEST, "1.1.0")
    host.succeed("hearth rollback hello-test --yes > /run/back 2>&1 || test $? = 10")
    host.succeed("hearth accept hello-test 1.1.0 --yes")
    reconcile("hearth-app-hello-test.service")
    serves(TEST, "1.1.0")
    _, line = status_of_test()
    assert "1.1.0 (sha256:" in line and "went back" not in line and "waits" not in line, line
    print(host.execute("hearth status 2>&1")[1])

with subtest("the token is found nowhere: in no process, no file, no log, no layer of an image"):
    assert int(host.succeed("wc -l < /run/looks")) > 100
    host.succeed("touch /run/seen")
    assert host.succeed("cat /run/seen") == ""
    find = (
        "set +e; journalctl --sync; journalctl --output=export | grep --text -F -f /dev/shm/t/patterns;"
        " grep --recursive --text --files-with-matches --devices=skip -F -f /dev/shm/t/patterns /etc /home /root /run /tmp /var; true"
    )
    found = host.succeed(find)
    assert found == "", found
    # The search itself, and the look at processes, find what is planted.
    host.succeed("mkdir -p /var/lib/planted && cp /dev/shm/t/token /var/lib/planted/token")
    host.succeed("TOKEN=$(cat /dev/shm/t/token) sleep 1")
    assert "/var/lib/planted/token" in host.succeed(find), "the search does not find what was planted"
    assert TOKEN in host.succeed("cat /run/seen"), "the look at processes does not find what was planted"
    host.succeed("rm -r /var/lib/planted")

with subtest("a power cut changes nothing about what is deployed"):
    host.crash()
    wait_until_serving()
    serves(LIVE, "1.0.0")
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "unchanged", said
