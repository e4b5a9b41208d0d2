# Passwords and headers before an app: every route asks, the app does not see the password, a changed hash counts without a
# restart, what the proxy does not know is not served, and one bad hash closes its own app alone.
APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org"}
UNIT = "hearth-app-hello.service"
FOLDER = "/var/lib/guards-under-test"
# Units that are made here and last over a reboot.
UNITS = "/etc/systemd/system.control"
FILE = "/run/hearth/certificates/middlewares_hello.yml"
QUICK = '.gate.convergeSeconds = 30 | .gate.healthySeconds = 0 | .environment.HELLO_DRAIN_SECONDS = "0"'
DOMAIN, OTHER = "hello.example.org", "hello-test.example.org"


def declare_guard(app, user):
    """Declares what the module does of an app's middlewares: a secret, a template around it, and a unit."""
    file, unit = f"{FOLDER}/{app}.yaml", f"hearth-middlewares-{app}.service"
    host.succeed(f"mkdir -p {FOLDER} && cp {SOURCE}/secrets/example.yaml {file} && chmod u+w {file}")
    secrets = json.loads(host.succeed("cat /etc/hearth/secrets.json"))
    mark, path = f"<HEARTH:{app}_hash:PLACEHOLDER>", f"/run/hearth/secrets/templates/middlewares-{app}"
    middlewares = {
        f"hearth-{app}-auth": {"basicAuth": {"users": [f"{user}:{mark}"], "realm": "restricted", "removeHeader": True}},
        f"hearth-{app}-headers": {"headers": {"customResponseHeaders": {"X-Frame-Options": "DENY"}}},
    }
    common = {"owner": "root", "group": "root", "mode": "0400", "restartUnits": [], "reloadUnits": []}
    secrets["secrets"].append(common | {
        "name": f"{app}_hash", "path": f"/run/hearth/secrets/{app}_hash", "file": file, "format": "yaml", "key": "hash",
    })  # fmt: skip
    secrets["templates"].append(common | {
        "name": f"middlewares-{app}", "path": path, "content": json.dumps({"http": {"middlewares": middlewares}}), "reloadUnits": [unit],
    })  # fmt: skip
    secrets["placeholders"][f"{app}_hash"] = mark
    host.succeed(f"cat > /run/secrets.json << 'EOF'\n{json.dumps(secrets)}\nEOF")
    replace_file("/run/secrets.json", "/etc/hearth/secrets.json")
    given = f"/run/hearth/certificates/middlewares_{app}.yml"
    give = f"/bin/sh -c 'umask 077; jq --compact-output . {path} > {given}.new && mv {given}.new {given}'"
    host.succeed(
        f"mkdir -p {UNITS}/hearth-secrets.service.wants && cat > {UNITS}/{unit} << 'EOF'\n[Unit]\nAfter=hearth-secrets.service\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\n"
        f"Environment=PATH={PATH}\nRemainAfterExit=true\nExecStart={give}\nExecReload={give}\nExecStop=/bin/sh -c 'rm --force {given}'\nRuntimeDirectory=hearth/certificates\n"
        "RuntimeDirectoryMode=0700\nRuntimeDirectoryPreserve=true\nEOF",
        f"ln -s ../{unit} {UNITS}/hearth-secrets.service.wants/ && systemctl daemon-reload",
    )


def let_in(password, app="hello"):
    """Another password counts, as a changed sops file brings it."""
    kept = host.succeed(f"openssl passwd -apr1 {password}").strip()
    key = "--age-key-file /var/lib/hearth/age.key"
    host.succeed(f"printf %s '{kept}' | hearth secrets set {key} {FOLDER}/{app}.yaml hash", "systemctl start hearth-secrets.service")


def names(app):
    """What the declaration says of an app's middlewares."""
    of = {"auth": True, "headers": False}
    return json.dumps([{"name": f"hearth-{app}-{kind}@file", "asksPassword": asks} for kind, asks in of.items()])


def status(domain=DOMAIN, options="", path="/"):
    """The status of the answer, whatever it is."""
    ask = https(domain, path, f"{options} --output /dev/null --write-out '%{{http_code}}'").replace("--fail", "")
    return host.succeed(ask)


def until(code, options="", domain=DOMAIN):
    """Waits until the answer has a status."""
    ask = https(domain, "/", f"{options} --output /dev/null --write-out '%{{http_code}}'").replace("--fail", "")
    host.wait_until_succeeds(f"test $({ask}) = {code}", timeout=30)


wait_until_serving(allow_reboot=True)
PATH = host.succeed("echo $PATH").strip()
declare("hello", QUICK)
good, said = reconcile(UNIT)
assert good, said
assert status() == "200"

with subtest("a route whose middleware the proxy does not know is not served, and the gate says so"):
    guarded = f"{QUICK} | .middlewares = {names('hello')}"
    # What failed is not tried again as it was.
    declare("hello", guarded + ' | .environment.FAILS = "yes" | .gate.probe.budgetSeconds = 5')
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    until(200)

with subtest("with a password every route asks, on every path, and the gate proves that it does"):
    declare_guard("hello", "alice")
    let_in("geheim")
    declare("hello", guarded)
    good, said = reconcile(UNIT)
    assert good and receipt("apps/hello")["outcome"] == "changed", said
    assert [status(path=path) for path in ("/", "/count", "/healthz")] == ["401"] * 3
    assert status(options="--user alice:wrong") == "401" and status(options="--user bob:geheim") == "401"
    assert status(options="--user alice:geheim") == "200"
    assert "x-frame-options: DENY" in get(DOMAIN, "/", "--user alice:geheim --include")
    assert status(OTHER) == "200", "another app asks too"

with subtest("the hash is in no label and no compose file that is kept"):
    kept = "$apr1$"
    host.wait_until_succeeds(f"grep --fixed-strings --quiet '{kept}' {FILE}", timeout=10)
    shown = host.succeed("docker service inspect $(docker service ls -q)")
    assert kept not in shown and "hearth-hello-auth@file" in shown
    host.fail(f"grep --recursive --fixed-strings --quiet '{kept}' /var/lib/hearth")

with subtest("another hash counts, and nothing is restarted for it"):
    before = services()
    let_in("anders")
    until(200, "--user alice:anders")
    assert status(options="--user alice:geheim") == "401"
    assert services() == before

with subtest("of two guarded apps, the one whose hash cannot be decrypted after a reboot is not served, and the other is"):
    declare_guard("hello-test", "bob")
    let_in("geheim", "hello-test")
    declare("hello-test", f"{QUICK} | .middlewares = {names('hello-test')}")
    good, said = reconcile("hearth-app-hello-test.service")
    assert good and status(OTHER) == "401" and status(OTHER, "--user bob:geheim") == "200", said
    host.succeed(f"sed -i 's/^hash: ENC.AES256_GCM,data:/&AAAA/' {FOLDER}/hello-test.yaml")
    host.reboot()
    until(401)
    until(200, "--user alice:anders")
    host.wait_until_succeeds("systemctl is-failed hearth-middlewares-hello-test.service", timeout=60)
    assert status(OTHER, "--user bob:geheim") == "404", status(OTHER)

with subtest("mended, it is served again without a person who starts its unit"):
    host.succeed(f"cp {SOURCE}/secrets/example.yaml {FOLDER}/hello-test.yaml && chmod u+w {FOLDER}/hello-test.yaml")
    let_in("geheim", "hello-test")
    until(401, domain=OTHER)
    until(200, "--user bob:geheim", OTHER)

with subtest("a unit that is stopped takes its file with it"):
    host.succeed("systemctl stop hearth-middlewares-hello-test.service")
    host.fail("test -e /run/hearth/certificates/middlewares_hello-test.yml")
    until(404, domain=OTHER)
    assert status() == "401"

with subtest("taken away, it is open again"):
    declare("hello", QUICK)
    good, said = reconcile(UNIT)
    assert good, said
    until(200)
