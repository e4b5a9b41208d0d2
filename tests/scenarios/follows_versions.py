# An app that follows a git repository: a patch comes by itself, what needs a person waits, what fails is not tried again.

APPS = {"hello": "hello.example.org"}
UNIT = "hearth-app-hello.service"
REPOSITORY = "/var/lib/recipe-hello"
IN_REPOSITORY = f"{GIT} -C {REPOSITORY} -c user.name=maker -c user.email=maker@example.org"

wait_until_serving()
original = manifest("hello")["recipe"]["folder"]


def release(version, app_version, notes=None):
    """Publishes a version of the recipe, which runs this version of the app."""
    host.succeed(
        f"sed -i 's/APP_VERSION:-[^}}]*/APP_VERSION:-{app_version}/; s/version=[^\"]*\"/version={version}\"/' {REPOSITORY}/compose.yml"
    )
    if notes:
        host.succeed(f"mkdir -p {REPOSITORY}/release && echo '{notes}' > {REPOSITORY}/release/{version}")
    host.succeed(f"{IN_REPOSITORY} add -A && {IN_REPOSITORY} commit --quiet --allow-empty -m {version} && {IN_REPOSITORY} tag {version}")


def follow():
    """Runs the app's unit as its timer does, a while later."""
    host.succeed("touch --date='-1 hour' /var/lib/hearth/apps/hello/recipes/*/fetched 2>/dev/null || true")
    good, said = reconcile(UNIT)
    return good, said, receipt("apps/hello")


access = json.dumps(
    {
        "gitCommand": GIT, "fetchSeconds": 60, "sshCommand": None, "credentialsFile": None, "sshKeyFile": None,
        "knownHostsFile": None, "caFile": None,
    }
)  # fmt: skip

with subtest("it begins with the version that is declared"):
    host.succeed(f"cp -rL {original} {REPOSITORY} && chmod -R u+w {REPOSITORY} && {IN_REPOSITORY} init --quiet")
    release("0.1.0+1.0.0", "1.0.0")
    declare(
        "hello",
        f'.recipe = {{git: {{url: "{REPOSITORY}", ref: "0.1.0+1.0.0", policy: "patch", recipes: "/var/lib/hearth/apps/hello/recipes",'
        f' access: {access}}}}} | del(.environment.APP_VERSION) | .gate.convergeSeconds = 30 | .gate.healthySeconds = 1',
    )
    good, said, story = follow()
    assert good, said
    assert "hello 1.0.0" in get("hello.example.org")
    get("hello.example.org", "/count", "--request POST")
    good, said, story = follow()
    assert good and story["outcome"] == "unchanged", story

with subtest("a patch comes by itself, with the data"):
    release("0.1.1+1.1.0", "1.1.0")
    good, said, story = follow()
    assert good and story["outcome"] == "changed", said
    assert "hello 1.1.0" in get("hello.example.org")
    assert int(get("hello.example.org", "/count")) == 1

with subtest("a patch that does not come up is rolled back, and not tried again"):
    release("0.1.2+1.2.0", "1.2.0-exits")
    good, said, story = follow()
    assert not good and story["outcome"] == "rolled-back", said
    assert "hello 1.1.0" in get("hello.example.org")
    indexes = services()
    good, said, story = follow()
    assert good and story["outcome"] == "unchanged", said
    assert "0.1.2+1.2.0" in " ".join(story["warnings"]), story
    assert services() == indexes

with subtest("the patch after it goes through"):
    release("0.1.3+1.0.0", "1.0.0")
    good, said, story = follow()
    assert good and story["outcome"] == "changed", said
    assert "hello 1.0.0" in get("hello.example.org")

with subtest("a version with release notes waits for a person, and its notes are told"):
    release("0.1.4+1.1.0", "1.1.0", notes="Run the importer first")
    good, said, story = follow()
    assert good and story["outcome"] == "held", said
    assert "Run the importer first" in story["summary"] and "hearth accept hello 0.1.4+1.1.0" in story["summary"], story
    assert "hello 1.0.0" in get("hello.example.org")

with subtest("a repository that is gone is a warning: what serves goes on"):
    host.succeed(f"mv {REPOSITORY} {REPOSITORY}.away")
    good, said, story = follow()
    assert good, said
    assert "hello 1.0.0" in get("hello.example.org")
    host.succeed(f"mv {REPOSITORY}.away {REPOSITORY}")

with subtest("a history that was rewritten by force, without the versions of before: what serves is still put right"):
    host.succeed(
        f"cp -a {REPOSITORY} {REPOSITORY}.before",
        f"{IN_REPOSITORY} checkout --quiet --orphan rewritten && {IN_REPOSITORY} commit --quiet --message=rewritten",
        f"{IN_REPOSITORY} for-each-ref --format='%(refname:short)' refs/heads | grep -v rewritten | xargs {IN_REPOSITORY} branch --quiet -D",
        f"{IN_REPOSITORY} tag --list | xargs {IN_REPOSITORY} tag --delete && {IN_REPOSITORY} reflog expire --expire=now --all && {IN_REPOSITORY} gc --quiet --prune=now",
        "docker service rm hello_example_org_app",
    )
    good, said, story = follow()
    assert good and story["outcome"] == "changed", said
    assert "hello 1.0.0" in get("hello.example.org")
    assert int(get("hello.example.org", "/count")) == 1
    host.succeed(f"rm -r {REPOSITORY} && mv {REPOSITORY}.before {REPOSITORY}")

with subtest("a tag that was moved is held and named"):
    host.succeed(f"{IN_REPOSITORY} tag --delete 0.1.4+1.1.0")
    release("0.1.4+1.1.0", "1.2.0-exits")
    good, said, story = follow()
    assert good and story["outcome"] == "held" and "tag was moved" in story["summary"], story
    assert int(get("hello.example.org", "/count")) == 1

with subtest("a version that asks for more than what serves waits, and what it asks for is told; the app is not touched"):
    host.succeed(f"rm -r {REPOSITORY}/release")
    release("0.1.5+1.1.0", "1.1.0")
    edit = "/^volumes:/a \\  spare: {}"
    host.succeed(f"sed -i '{edit}' {REPOSITORY}/compose.yml && grep -q 'spare:' {REPOSITORY}/compose.yml")
    release("0.1.6+1.0.0", "1.0.0")
    good, said, story = follow()
    # What lies between asks for nothing new, and is taken.
    assert good and story["outcome"] == "changed" and "+ volume spare" in story["summary"], story
    assert "hello 1.1.0" in get("hello.example.org")
    indexes = services()
    good, said, story = follow()
    assert good and story["outcome"] == "held", said
    assert "+ volume spare" in story["summary"] and "hearth accept hello 0.1.6+1.0.0" in story["summary"], story
    assert services() == indexes

with subtest("a name that nothing has is refused with what waits"):
    code, said = host.execute("hearth accept hello spare --yes 2>&1")
    assert code != 0 and "version 0.1.6+1.0.0 waits" in said, said

with subtest("who accepts it has accepted that commit: a tag that moves on waits again"):
    said = host.succeed("hearth accept hello 0.1.6+1.0.0 --yes")
    assert "  + volume spare" in said.splitlines(), said
    host.succeed(f"{IN_REPOSITORY} tag --delete 0.1.6+1.0.0")
    host.succeed(f"sed -i 's/  spare: {{}}/  other: {{}}/' {REPOSITORY}/compose.yml")
    release("0.1.6+1.0.0", "1.0.0")
    good, said, story = follow()
    assert good and story["outcome"] == "held" and "tag was moved" in story["summary"], story
    assert services() == indexes

with subtest("accepted as it stands, it is deployed"):
    for _ in range(2):
        # The move of the tag is one reason, which is known before it is rendered; what it asks for is the other.
        host.succeed("hearth accept hello 0.1.6+1.0.0 --yes")
        good, said, story = follow()
        if story["outcome"] == "changed":
            break
        assert "+ volume other" in story["summary"], story
    assert good and story["outcome"] == "changed", said
    assert "hello 1.0.0" in get("hello.example.org")
    assert int(get("hello.example.org", "/count")) == 1

with subtest("however many versions ask for more at once, none of them is deployed"):
    for number in range(7, 13):
        host.succeed(f"sed -i '/^volumes:/a \\  more{number}: {{}}' {REPOSITORY}/compose.yml")
        release(f"0.1.{number}+1.1.0", "1.1.0")
    indexes = services()
    for _ in range(2):
        good, said, story = follow()
        assert good and story["outcome"] == "held" and "0.1.12+1.1.0 waits" in story["summary"], story
        assert "+ volume more12" in story["summary"] and services() == indexes, story
    assert "hello 1.0.0" in get("hello.example.org")
