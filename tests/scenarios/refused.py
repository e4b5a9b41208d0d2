# What is declared wrongly is refused with file, key and reason before the engine is touched; the app goes on serving.

APPS = {"hello": "hello.example.org"}
FOLDER = "/var/lib/recipe-under-test"
FILE = f"{FOLDER}/compose.yml"
UNIT = "hearth-app-hello.service"

wait_until_serving()
original = manifest("hello")["recipe"]["folder"]


def with_recipe(edit):
    """Declares hello with a copy of its recipe, changed by a shell command."""
    host.succeed(f"rm -rf {FOLDER} && cp -rL {original} {FOLDER} && chmod -R u+w {FOLDER} && {edit}")
    return declare("hello", f'.recipe.folder = "{FOLDER}"')


def refused(take_back, *words):
    """Runs the app: it must fail with these words, and touch nothing."""
    before = services()
    good, said = reconcile(UNIT)
    assert not good, f"it was accepted:\n{said}"
    missing = [word for word in words if word not in said]
    assert not missing, f"not said: {missing}\nsaid:\n{said}"
    assert services() == before
    assert "hello 1.0.0" in get("hello.example.org")
    take_back()
    host.succeed(f"systemctl reset-failed {UNIT}")


def added_to_app(line):
    """An edit that adds a line to the service."""
    return f"sed -i '/^  app:/a\\    {line}' {FILE}"


with subtest("the copy itself is accepted, so that what follows is refused for its own reason"):
    with_recipe("true")
    good, said = reconcile(UNIT)
    assert good, said

with subtest("a syntax error"):
    refused(with_recipe(f"echo '  app: [' >> {FILE}"), "compose.yml")

with subtest("a required variable that is not set"):
    refused(with_recipe(added_to_app("user: ${WHO_RUNS_IT:?say who}")), "WHO_RUNS_IT", "say who")

with subtest("a variable that is not required is empty, with a warning that names it"):
    take_back = with_recipe(added_to_app("hostname: hello${NOT_SET_ANYWHERE}"))
    good, said = reconcile(UNIT)
    assert good and "NOT_SET_ANYWHERE" in said, said
    take_back()

with subtest("a bind mount of /"):
    refused(with_recipe(f"sed -i 's#data:/data#/:/data#' {FILE}"), "compose.yml", "services.app.volumes", "/")

with subtest("a bind mount of the Docker socket"):
    edit = f"sed -i 's#data:/data#/var/run/docker.sock:/docker.sock#' {FILE}"
    refused(with_recipe(edit), "services.app.volumes", "docker.sock", "allow.hostPaths")

with subtest("privileged"):
    refused(with_recipe(added_to_app("privileged: true")), "compose.yml", "services.app.privileged")

MANIFEST = "/etc/hearth/apps/hello.json"
take_back = declare("hello", ".")

with subtest("a manifest that is missing"):
    host.succeed(f"mv {MANIFEST} {MANIFEST}.away")
    good, said = reconcile(UNIT)
    assert not good and MANIFEST in said, said
    host.succeed(f"mv {MANIFEST}.away {MANIFEST}")

with subtest("a manifest that is empty"):
    host.succeed(f": > {MANIFEST}")
    good, said = reconcile(UNIT)
    assert not good and MANIFEST in said, said
    take_back()

with subtest("a manifest of a newer schema"):
    refused(declare("hello", ".schema = 2"), MANIFEST, "schema")

with subtest("after all of it, the app is as it was declared"):
    take_back()
    good, said = reconcile(UNIT)
    assert good, said
    assert "hello 1.0.0" in get("hello.example.org")
