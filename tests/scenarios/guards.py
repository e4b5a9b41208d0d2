# Passwords and headers before an app: every route asks, the app does not see the password, a changed hash counts without a
# restart, and what the proxy does not know is not served.
APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org"}
UNIT = "hearth-app-hello.service"
FILE = "/run/hearth/certificates/middlewares_of_apps.yml"
QUICK = '.gate.convergeSeconds = 30 | .gate.healthySeconds = 0 | .environment.HELLO_DRAIN_SECONDS = "0"'
DOMAIN, OTHER = "hello.example.org", "hello-test.example.org"


def let_in(user, password):
    """Writes what the unit hearth-middlewares does: one user, and headers."""
    kept = host.succeed(f"openssl passwd -apr1 {password}").strip()
    middlewares = {
        "hearth-hello-auth": {"basicAuth": {"users": [f"{user}:{kept}"], "realm": "restricted", "removeHeader": True}},
        "hearth-hello-headers": {"headers": {"customResponseHeaders": {"X-Frame-Options": "DENY"}}},
    }
    text = json.dumps({"http": {"middlewares": middlewares}})
    host.succeed(f"cat > {FILE}.new << 'EOF'\n{text}\nEOF", f"chmod 600 {FILE}.new && mv {FILE}.new {FILE}")


def status(domain=DOMAIN, options="", path="/"):
    """The status of the answer, whatever it is."""
    ask = https(domain, path, f"{options} --output /dev/null --write-out '%{{http_code}}'").replace("--fail", "")
    return host.succeed(ask)


def until(code, options=""):
    """Waits until the answer has a status."""
    ask = https(DOMAIN, "/", f"{options} --output /dev/null --write-out '%{{http_code}}'").replace("--fail", "")
    host.wait_until_succeeds(f"test $({ask}) = {code}", timeout=30)


wait_until_serving()
declare("hello", QUICK)
good, said = reconcile(UNIT)
assert good, said
assert status() == "200"

with subtest("a route whose middleware the proxy does not know is not served, and the gate says so"):
    names = json.dumps([
        {"name": "hearth-hello-auth@file", "asksPassword": True}, {"name": "hearth-hello-headers@file", "asksPassword": False},
    ])  # fmt: skip
    guarded = f"{QUICK} | .middlewares = {names}"
    # What failed is not tried again as it was.
    declare("hello", guarded + ' | .environment.FAILS = "yes" | .gate.probe.budgetSeconds = 5')
    good, said = reconcile(UNIT)
    assert not good and receipt("apps/hello")["outcome"] == "rolled-back", said
    until(200)

with subtest("with a password every route asks, on every path, and the gate proves that it does"):
    let_in("alice", "geheim")
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
    host.succeed(f"grep --fixed-strings --quiet '{kept}' {FILE}")
    shown = host.succeed("docker service inspect $(docker service ls -q)")
    assert kept not in shown and "hearth-hello-auth@file" in shown
    host.fail(f"grep --recursive --fixed-strings --quiet '{kept}' /var/lib/hearth")

with subtest("another hash counts, and nothing is restarted for it"):
    before = services()
    let_in("alice", "anders")
    until(200, "--user alice:anders")
    assert status(options="--user alice:geheim") == "401"
    assert services() == before

with subtest("taken away, it is open again"):
    declare("hello", QUICK)
    good, said = reconcile(UNIT)
    assert good, said
    until(200)
