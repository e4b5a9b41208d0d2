# Every command of docs/on-call.md, in its order, on a host on which hello was just rolled back.

APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"

# `tests/bed/page_tests.py` compares this list with the page.
COMMANDS = [
    "hearth status",
    "hearth history hello",
    "hearth history hello last",
    "hearth logs hello --lines 20",
    "reconcile-app --retry /etc/hearth/apps/hello.json",
    "hearth plan hello",
    "systemctl start hearth-app-hello.service",
    "hearth snapshots hello",
    "snapshot-volumes /etc/hearth/apps/hello.json take",
    "hearth restore hello last-good --yes",
    "hearth rollback hello --yes",
    "snapshot-volumes /etc/hearth/apps/hello.json take",
    "hearth drill hello",
    "hearth history drill-hello last",
]

wait_until_serving()
QUICK = '.gate.convergeSeconds = 20 | .gate.healthySeconds = 1 | .environment.HELLO_DRAIN_SECONDS = "0"'
declare("hello", QUICK)
reconcile(UNIT)
get("hello.example.org", "/count", "--request POST")
declare("hello", f'{QUICK} | .environment.APP_VERSION = "1.2.0-exits"')
good, said = reconcile(UNIT)
assert not good, said

# What must be in a command's answer, and how it may end where that is not well.
SAYS = {
    "hearth status": ("rolled back", 1),
    "hearth history hello": ("rolled back", 0),
    "hearth history hello last": ("exits at start, as told", 0),
    "hearth logs hello --lines 20": ("rolling back", 0),
    "reconcile-app --retry /etc/hearth/apps/hello.json": ("serves again with its data", 30),
    "hearth snapshots hello": ("000", 0),
    "snapshot-volumes /etc/hearth/apps/hello.json take": ("", 10),
    "hearth restore hello last-good --yes": ("restored", 10),
    "hearth rollback hello --yes": ("serves again with its data", 10),
    "hearth drill hello": ("is proved", 10),
    "hearth history drill-hello last": ("is proved", 0),
}

for command in COMMANDS:
    with subtest(command):
        if command == "hearth plan hello":
            declare("hello", QUICK)
        if command.startswith("hearth restore"):
            host.wait_until_succeeds(https("hello.example.org"), timeout=60)
            get("hello.example.org", "/count", "--request POST")
        if command.startswith("hearth rollback"):
            # What the restore before it brought back.
            host.wait_until_succeeds(https("hello.example.org"), timeout=60)
            assert int(get("hello.example.org", "/count")) == 1
        word, code = SAYS.get(command, ("", 0))
        status, said = host.execute(f"{command} 2>&1")
        assert status == code and word in said, f"exit code {status}\n{said}"

with subtest("after all of that it serves"):
    host.wait_until_succeeds(https("hello.example.org"), timeout=60)
