# A recipe that somebody else changed: whatever it asks for beyond its own app is refused by name, and the engine is not
# touched. Beside it are two innocent apps, one of them with a database.

APPS = {"hello": "hello.example.org", "hello-test": "hello-test.example.org", "miniflux": "feeds.example.org"}
UNIT, OWN = "hearth-app-hello-test.service", "hello-test.example.org"
FOLDER = "/var/lib/recipe-of-a-stranger"
FILE = f"{FOLDER}/compose.yml"

wait_until_serving()
original = manifest("hello-test")["recipe"]["folder"]


def becomes(edit):
    """Declares the app with a copy of its recipe, changed by Python statements on its compose file, called `file`."""
    program = f"import pathlib; path = pathlib.Path('{FILE}'); file = path.read_text()\n{edit}\npath.write_text(file)"
    host.succeed(f"rm -rf {FOLDER} && cp -rL {original} {FOLDER} && chmod -R u+w {FOLDER}")
    host.succeed(f"cat > /run/edit.py <<'END'\n{program}\nEND\npython3 /run/edit.py")
    return declare("hello-test", f'.recipe.folder = "{FOLDER}"')


def untouched():
    """What a stranger must not change: services, networks, volumes, who listens, what the innocent apps answer."""
    listed = host.succeed("docker network ls --format '{{.Name}}'; docker volume ls --quiet; docker config ls --format '{{.Name}}'")
    assert "hello 1.0.0" in get("hello.example.org") and "hello 1.0.0" in get(OWN)
    get("feeds.example.org", "/healthcheck")
    sockets = [line.split() for line in host.succeed("cat /proc/net/tcp /proc/net/tcp6").splitlines()]
    # 0A is a socket that listens (Linux, include/net/tcp_states.h).
    listening = {socket[1] for socket in sockets if socket[3] == "0A"}
    published = host.succeed("docker service ls --format '{{.Name}} {{.Ports}}'")
    return services(), sorted(listed.split()), listening, published


def stranger(what, edit, *words):
    """Plays one: it must be refused with these words, and nothing may have happened."""
    with subtest(what):
        before = untouched()
        take_back = becomes(edit)
        good, said = reconcile(UNIT)
        assert not good and receipt("apps/hello-test")["outcome"] == "failed", f"{what} was accepted:\n{said}"
        missing = [word for word in words if word not in said]
        assert not missing, f"not said: {missing}\nsaid:\n{said}"
        assert untouched() == before
        take_back()
        host.succeed(f"systemctl reset-failed {UNIT}")


def label(key, value):
    """An edit that adds a label to the service."""
    return f'file = file.replace("      labels:", "      labels:\\n        - \'{key}={value}\'")'


def option(text):
    """An edit that adds a key to the service."""
    return f"file = file.replace('  app:\\n', '  app:\\n    {text}\\n')"


def section(name, text):
    """An edit that adds an entry to a section of the file."""
    return f"file = file.replace('\\n{name}:\\n', '\\n{name}:\\n  {text}\\n')"


with subtest("the copy itself is accepted, so that what follows is refused for its own reason"):
    becomes("pass")
    good, said = reconcile(UNIT)
    assert good, said

host.succeed("echo secret-of-the-host > /run/only-the-host && chmod 600 /run/only-the-host")
bind = "{{`bind`}}"
stranger(
    "the whole host as a volume in memory, by a template that the swarm expands after every check",
    section("volumes", f"all: {{driver_opts: {{type: tmpfs, o: \"{bind}\", device: /}}}}") + "\n"
    + "file = file.replace('data:/data', 'all:/data')",
    "volumes.all.driver_opts.o", "is not among the options that a volume in memory may have here",
)  # fmt: skip
stranger(
    "a file whose name the swarm expands into a path of the host",
    "import os; name = '{{printf \"%c%c\" 46 46}}'; os.mkdir(str(path.parent / name)); (path.parent / name / 'x').write_text('')\n"
    "file = file.replace('      - data:/data', '      - data:/data\\n      - type: bind\\n        source: ./' + name + '/x\\n        target: /x\\n        read_only: true')",
    "the swarm expands `{{`",
)  # fmt: skip
stranger(
    "the volume of another app's database",
    section("volumes", "theirs: {external: true, name: feeds_example_org_postgres}") + "\nfile = file.replace('data:/data', 'theirs:/data')",
    "feeds_example_org_postgres is a volume of another app", "allow.volumes",
)  # fmt: skip
stranger(
    "the network of another app",
    section("networks", "theirs: {external: true, name: feeds_example_org_internal}") + "\nfile = file.replace('      - proxy\\n', '      - proxy\\n      - theirs\\n')",
    "feeds_example_org_internal is a network of others", "allow.networks",
)  # fmt: skip
rule = "traefik.http.routers.evil.rule"
stranger("another app's domain", label(rule, "Host(`hello.example.org`)"), "hello.example.org", 'domains = [ "hello.example.org" ]')
stranger("every domain", label(rule, "PathPrefix(`/`)"), "allow.proxy = true")
stranger("a share of another app's requests", label("traefik.http.routers.evil.service", "hello_example_org"), "allow.proxy = true")
stranger("all of a port of the proxy", label("traefik.tcp.routers.evil.rule", "HostSNI(`*`)"), "allow.proxy = true")
stranger("the host's SSH port", option('ports: ["22:8080"]'), "port 22 of the host", 'allow.ports = [ "22" ]')
stranger("a port that would be open to all instead of to the host", option('ports: ["127.0.0.1:5432:8080"]'), "publishes a port on every address")
stranger(
    "a name on the proxy's network that another app looks for",
    "file = file.replace('    networks:\\n      - proxy\\n', '    networks:\\n      proxy: {aliases: [feeds_example_org_app]}\\n')",
    "may be the name of one of them",
)  # fmt: skip
stranger(
    "a log driver that reads a file of the host",
    option("logging: {driver: splunk, options: {splunk-url: http://127.0.0.1:1, splunk-token: x, splunk-capath: /run/only-the-host}}"),
    "allow.logging",
)  # fmt: skip
stranger(
    "a network on the host's own card",
    section("networks", "card: {driver: macvlan, driver_opts: {parent: host0}}") + "\nfile = file.replace('      - proxy\\n', '      - proxy\\n      - card\\n')",
    "allow.networks",
)  # fmt: skip
stranger("a route that is enabled by another word for true", label("Traefik.enable", "1"), "the same label")
stranger("a tag that the merge would drop", "file = file.replace('    volumes:\\n', '    volumes: !reset\\n')", "!reset")

with subtest("labels of Hearth's own are taken from a recipe, whatever they say of whom"):
    becomes(label("hearth.failed", "hello") + "\n" + label("hearth.standby", "proxy") + "\n" + label("HEARTH.generation", "18446744073709551615"))
    good, said = reconcile(UNIT)
    assert good, said
    shown = host.succeed("docker service inspect hello-test_example_org_app --format '{{json .Spec.Labels}}'").lower()
    assert "hearth.failed" not in shown and "hearth.standby" not in shown and "hearth.generation" not in shown, shown

with subtest("routes have names of their own: one of another app's name does not meet it"):
    becomes("file = file.replace('${STACK_NAME}.rule', 'hello_example_org.rule').replace('services.${STACK_NAME}', 'services.hello_example_org')")
    good, said = reconcile(UNIT)
    assert good, said
    shown = host.succeed("docker service inspect hello-test_example_org_app --format '{{json .Spec.Labels}}'")
    assert "traefik.http.routers.hello-test_hello_example_org.rule" in shown, shown
    for _ in range(20):
        assert "hello 1.0.0" in get("hello.example.org")

with subtest("containers cannot forge packets or become another user, and have a limit of processes and of memory"):
    for name in ("hello-test_example_org_app", "feeds_example_org_app", "feeds_example_org_db"):
        container = host.succeed(f"docker ps --quiet --filter name={name}.").strip()
        process = host.succeed(f"docker inspect --format '{{{{.State.Pid}}}}' {container}").strip()
        status = dict(line.split(":", 1) for line in host.succeed(f"cat /proc/{process}/status").splitlines())
        # CAP_NET_RAW is bit 13 (Linux, include/uapi/linux/capability.h).
        assert not int(status["CapBnd"], 16) >> 13 & 1 and status["NoNewPrivs"].strip() == "1", (name, status)
        # Of the service: a host whose kernel or container has no such limits says nothing of them at the container.
        shown = f"docker service inspect {name} --format '{{{{.Spec.TaskTemplate.Resources.Limits.Pids}}}} {{{{.Spec.TaskTemplate.Resources.Limits.MemoryBytes}}}}'"
        pids, memory = host.succeed(shown).split()
        assert pids == "4096" and int(memory) > 0, (name, pids, memory)

with subtest("a version that asks for nothing more is deployed as before"):
    becomes("pass")
    good, said = reconcile(UNIT)
    assert good and "hello 1.0.0" in get(OWN), said
