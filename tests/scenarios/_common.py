# What scenarios share. The bed and the NixOS VM test put it in front of each.
import json

# The apps that a scenario waits for; one that needs fewer says so with a line of the same form.
APPS = {"hello": "hello.example.org", "miniflux": "feeds.example.org"}


def manifest(app):
    """What is declared of an app."""
    return json.loads(host.succeed(f"cat /etc/hearth/apps/{app}.json"))


def receipt(of):
    """The last run for `swarm`, `secrets`, `apps/NAME` or `certificates/NAME`."""
    return json.loads(host.succeed(f"cat /var/lib/hearth/{of}/last.json"))


def https(domain, path="/", options=""):
    """A request from the host to itself, over verified TLS."""
    ca = manifest("hello")["gate"]["probe"]["caFile"]
    return f"curl --silent --show-error --fail --max-time 10 --cacert {ca} {options} https://{domain}{path}"


def get(domain, path="/", options=""):
    """The answer to such a request, which must come."""
    return host.succeed(https(domain, path, options))


def reconcile(unit="hearth.target", options=""):
    """Runs a unit, or all of them, to the end; returns whether systemd calls that a success, and the unit's words."""
    since = host.succeed("date '+%F %T.%6N'").strip()
    status, _ = host.execute(f"systemctl start {options} {unit}")
    words = host.succeed(f"journalctl --sync; journalctl --output=cat --unit={unit} --since='{since}'")
    return status == 0, words


def wait_until_serving(allow_reboot=False):
    """Waits until a boot has brought everything up."""
    host.start(allow_reboot=allow_reboot)
    host.wait_until_succeeds("systemctl is-system-running --wait", timeout=300)
    for domain in APPS.values():
        host.wait_until_succeeds(https(domain), timeout=60)
    # It looks every five minutes, and a run that it starts would stand between one of a scenario's and what is said of that.
    host.succeed("systemctl is-active hearth-drift.timer && systemctl stop hearth-drift.timer")


def replace_file(written, file):
    """Puts what was written at a path in /etc, which may be a link into the store. NixOS makes its links anew at each boot:
    a unit of the tests puts the copy there again before anything reads it."""
    host.succeed(f"rm -f {file} && cp {written} {file} && install -D --mode=0644 {written} /var/lib/scenario{file}")


def declare(app, change):
    """Declares an app anew; `change` is a jq expression over its manifest. Returns a function that takes it back."""
    file = f"/etc/hearth/apps/{app}.json"
    before = f"/var/lib/declared-before-{app}.json"
    host.succeed(f"test -e {before} || cp {file} {before}", f"jq '{change}' {before} > {before}.new")
    replace_file(f"{before}.new", file)
    return lambda: replace_file(before, file)


def in_background(unit, command, options=""):
    """Runs a command as a unit of its own, with the programs that a scenario has."""
    host.succeed(f"systemd-run --quiet --setenv=PATH --unit={unit} {options} {command}")


def declare_apps(change):
    """Declares anew which apps there are; `change` is a jq expression over the list. Returns a function that takes it back."""
    file, before = "/etc/hearth/undeclared.json", "/var/lib/declared-apps-before.json"
    host.succeed(f"test -e {before} || cp {file} {before}")
    host.succeed(f"jq '{change}' {before} > {before}.new && rm -f {file} && mv {before}.new {file}")
    return lambda: host.succeed(f"rm -f {file} && cp {before} {file}")


def undeclare(app, change="."):
    """Takes an app out of what is declared, as a flake without it does. Returns a function that takes it back."""
    file, away = f"/etc/hearth/apps/{app}.json", f"/var/lib/undeclared-{app}.json"
    host.succeed(f"cp {file} {away} && rm -f {file}")
    take_back = declare_apps(f'del(.apps["{app}"]) | {change}')

    def again():
        host.succeed(f"mv {away} {file}")
        take_back()

    return again


def kill_at(unit, point):
    """Has the next runs of a unit kill themselves at a point; 0 takes that back."""
    file = f"/run/systemd/system/{unit}.d/kill.conf"
    host.succeed(f"mkdir -p $(dirname {file}) && echo '[Service]\nEnvironment=HEARTH_TEST_KILL_AT={point}' > {file}")
    if not point:
        host.succeed(f"rm {file}")
    host.succeed("systemctl daemon-reload")


def services():
    """The version index of every service, by name."""
    lines = host.succeed("docker service inspect $(docker service ls -q) --format '{{.Spec.Name}} {{.Version.Index}}'")
    return dict(line.split() for line in lines.splitlines())


# Takes alerts as a webhook, and keeps them.
SINK = """
import http.server, os, time

class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        while os.path.exists("/run/sink-waits"):
            time.sleep(0.1)
        with open("/run/alerts.jsonl", "ab") as log:
            log.write(body + b"\\n")
        self.send_response(204)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", 9911), Sink).serve_forever()
"""


def sink():
    """Starts what the example host's alerts are sent to."""
    host.succeed(f"cat > /run/sink.py <<'END'\n{SINK}\nEND")
    in_background("sink", "python3 /run/sink.py")
    host.wait_for_open_port(9911)


# No mark is being left that a unit has ended, none says so since the last look, and no look is under way. `systemctl start`
# returns before the mark is there.
LOOKED = "! systemctl list-jobs --no-legend hearth-ended.service | grep -q . && ! test -e /run/hearth/looks/{0} && ! systemctl --quiet is-active hearth-{0}.service && systemctl show --property=ActiveState hearth-{0}.service | grep -qv activating"


def looked(look="alerts"):
    """Waits until everything that has ended by now was looked at."""
    host.wait_until_succeeds(LOOKED.format(look), timeout=60)


def alerts(expected=0):
    """What has arrived by itself, once there is as much as expected and nothing more to look at."""
    host.wait_until_succeeds(f"test $(cat /run/alerts.jsonl | wc -l) -ge {expected}", timeout=30)
    looked()
    return [json.loads(line) for line in host.execute("cat /run/alerts.jsonl")[1].splitlines()]


def told(events):
    """The events in short."""
    return [(event["status"], event["object"], event["kind"]) for event in events]


# The newest generation of the host's system, and where its specialisations lie, also after a switch to one of them.
PROFILE = "/nix/var/nix/profiles/system"


def system(name=None):
    """A system that the scenario's `.nix` file declares; without a name the one that booted first."""
    first = host.succeed(f"readlink -f {PROFILE}-1-link").strip()
    return f"{first}/specialisation/{name}" if name else first


def rebuild(name=None, action="switch"):
    """What `nixos-rebuild` does once a system is built: its exit code, and what is read."""
    if action in ("switch", "boot"):
        host.succeed(f"nix-env -p {PROFILE} --set {system(name)}")
    return host.execute(f"{system(name)}/bin/switch-to-configuration {action} 2>&1")


def switch(name=None):
    """Switches to a system, which must end well; returns what is read."""
    code, said = rebuild(name)
    assert code == 0, f"the switch to {name} ended with {code}:\n{said}"
    return said
