# Versions that are healthy and green, and of which a visitor would miss something: rolled back by smoke, page audit and
# watch; and taken for good where these are not declared.

APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"
QUICK = '.gate.healthySeconds = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'

wait_until_serving()
asker = {
    "caFile": manifest("hello")["gate"]["probe"]["caFile"],
    "connectTo": None,
    "budgetSeconds": 30,
    "credentials": {"basicAuth": None, "bearerFile": None, "headerFiles": {}},
}
AUDIT = {**asker, "pages": ["https://hello.example.org/"], "origins": [], "ignore": []}
WATCH = {"seconds": 100, "everySeconds": 3, "restartLimit": 5}


def smoke(name, path, method="GET", token=None, **expected):
    """A declared request to the app."""
    expect: dict = {"status": 200, "contains": None, "lacks": None, "headers": {}, "json": {}, **expected}
    return {
        **asker,
        "budgetSeconds": 8,
        "name": name,
        "url": f"https://hello.example.org{path}",
        "method": method,
        "headers": {},
        "credentials": {**asker["credentials"], "bearerFile": token},
        "body": "",
        "followRedirects": False,
        "expect": expect,
    }


def update(version, **gates):
    """Declares a version and gates beside the ordinary ones, and reconciles; returns the receipt and the unit's words."""
    changes = [QUICK, f'.environment.APP_VERSION = "{version}"']
    changes += [f".gate.{name} = {json.dumps(gate)}" for name, gate in gates.items()]
    declare("hello", " | ".join(changes))
    _, said = reconcile(UNIT)
    return receipt("apps/hello"), said


def rolled_back(ended, *words):
    """The run ended in a rollback, of which a person reads these words, and the version before serves."""
    story, said = ended
    assert story["outcome"] == "rolled-back", (story["summary"], said)
    missing = [word for word in words if word not in story["summary"]]
    assert not missing, f"not told: {missing}\ntold: {story['summary']}"
    host.wait_until_succeeds(f"{https('hello.example.org')} | grep -q 'hello 1.1.0'", timeout=30)


def shows(text):
    """The page says so, once the proxy has taken notice of the version."""
    host.wait_until_succeeds(f"{https('hello.example.org')} | grep --fixed-strings '{text}'", timeout=30)


with subtest("a good version shows all that is asked of it"):
    asked = [
        smoke("home", "/", contains="hello 1.1.0", headers={"Content-Type": "text/html", "X-Powered-By": None}),
        smoke("proxied", "/whoami", contains="x-forwarded-proto: https", lacks="http://"),
        smoke("token", "/count", "DELETE", token="/run/hearth/secrets/hello_token", contains="0"),
    ]
    story, said = update("1.1.0", audit=AUDIT, smoke=asked)
    assert story["outcome"] == "changed", (story, said)
    assert "found nothing in 2 requests" in said, said
    steps = [step["name"] for step in story["steps"]]
    assert steps[-4:] == ["smoke home", "smoke proxied", "smoke token", "page audit"], steps

with subtest("a stylesheet that is http behind X-Forwarded-Proto is rolled back, where pages are audited"):
    update("1.1.0")
    story, said = update("1.2.0-mixed-content")
    assert story["outcome"] == "changed", f"without an audit it is green: {story}"
    shows('href="http://hello.example.org/style.css"')
    story, said = update("1.1.0")
    assert story["outcome"] == "changed", (story, said)
    shows('href="https://hello.example.org/style.css"')
    get("hello.example.org", "/count", "--request POST")
    rolled_back(
        update("1.2.0-mixed-content", audit=AUDIT),
        "page audit failed",
        '<link rel="stylesheet" href="http://hello.example.org/style.css">',
        "is http on a page of https",
        "X-Forwarded-Proto",
    )
    assert int(get("hello.example.org", "/count")) == 1

with subtest("an asset that is not there is rolled back"):
    rolled_back(
        update("1.2.0-missing-asset", audit=AUDIT),
        '<img src="/logo.png">',
        "the status is 404",
        "is the file part of this version",
    )

with subtest("and passed over where that is declared: it is tried again, because its gate has changed"):
    story, _ = update("1.2.0-missing-asset", audit={**AUDIT, "ignore": ["/logo.png"]})
    assert story["outcome"] == "changed", story
    update("1.1.0")

with subtest("a request that is not answered as declared is rolled back, and no secret is told"):
    wrong = smoke("token", "/count", "DELETE", token="/run/hearth/secrets/hello_token", contains="none of it")
    host.succeed("printf '%s' not-the-token-at-all > /dev/shm/wrong-token")
    denied = smoke("denied", "/count", "DELETE", token="/dev/shm/wrong-token")
    rolled_back(update("1.0.0", smoke=[wrong]), "smoke failed", "token: DELETE https://hello.example.org/count", "none of it")
    update("1.1.0")
    rolled_back(update("1.0.0", smoke=[denied]), "the status is 403, not 200")
    for secret in ("/run/hearth/secrets/hello_token", "/dev/shm/wrong-token"):
        host.fail(f"journalctl --output=cat | grep --fixed-strings --file={secret}")
        host.fail(f"grep --recursive --fixed-strings --file={secret} /var/lib/hearth/apps")

with subtest("a page that is fine until its second restart is rolled back, where it is watched"):
    story, said = update("1.2.0-second-restart")
    assert story["outcome"] == "changed", f"without a watch it is green: {story}"
    update("1.1.0")
    data = host.succeed("docker volume inspect hello_example_org_data --format '{{.Mountpoint}}'").strip()
    host.succeed(f"rm {data}/starts-*")
    count = int(get("hello.example.org", "/count", "--request POST"))
    rolled_back(update("1.2.0-second-restart", watch=WATCH), "fell ill", "s after it passed its gate", "the status is 500")
    assert int(get("hello.example.org", "/count")) == count
    results = {step["name"]: step["result"] for step in receipt("apps/hello")["steps"]}
    assert "the status is 500" in results["watch"] and results["restore"] == "done", results

with subtest("one restart is too many where that is declared"):
    host.succeed("rm -f /var/lib/hearth/apps/hello/failed.json")
    rolled_back(update("1.2.0-second-restart", watch={**WATCH, "restartLimit": 1}), "fell ill", "ended by itself: non-zero exit (3)")

with subtest("a helper that is killed in the watch keeps what was promised"):
    host.succeed("rm -f /var/lib/hearth/apps/hello/failed.json")
    declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.2.0-second-restart" | .gate.watch = {json.dumps(WATCH)}')
    host.succeed(f"journalctl --sync; systemctl start --no-block {UNIT}")
    host.wait_until_succeeds(
        f"journalctl --output=cat --unit={UNIT} --since=-60s | tail -n 3 | grep -q 'watching it for 100 s more'", timeout=120
    )
    host.succeed(f"systemctl kill --signal=KILL {UNIT}")
    assert json.loads(host.succeed("cat /var/lib/hearth/apps/hello/journal.json"))
    _, said = reconcile(UNIT)
    assert "an earlier run was cut off while deploying" in said, said
    rolled_back((receipt("apps/hello"), said), "fell ill", "serves again with its data")
    assert int(get("hello.example.org", "/count")) == count
