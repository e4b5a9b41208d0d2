"""Makes a host from the template: Hearth's helpers, the rendered units and manifests, the example's key and names."""

import contextlib
import re
import shutil
import signal
import sys
import threading
from pathlib import Path

from . import engine as engines, example, generations, paths, slot as slots
from .container import Container
from .machine import Machine
from .shell import output

HELPERS = [
    "render-secrets", "reconcile-swarm", "insert-certs", "reconcile-app", "send-alert", "snapshot-volumes", "drill-restore",
    "deploy-app", "check-migrations", "prune-images", "reconcile-databases", "hearth",
]  # fmt: skip
AGE_KEY = "var/lib/hearth/age.key"
_NETWORK_UNIT = """[Unit]
Description=Address of the bed's bridge
DefaultDependencies=no
Before=network-pre.target network.target sysinit.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip link set host0 up
ExecStart=ip address replace {address}/24 dev host0
ExecStart=ip route replace default via {gateway}

[Install]
WantedBy=sysinit.target
"""
# Debian's systemd-sysusers makes users as NixOS has it done: when nothing is new too, with a password from a file.
_USER_NAME = "operator"
_USERS_UNIT = f"""[Unit]
ConditionNeedsUpdate=

[Service]
LoadCredential=passwd.hashed-password.{_USER_NAME}:/run/hearth/secrets-for-users/{_USER_NAME}_password
"""


@contextlib.contextmanager
def host(template, *, name="host", volumes=None, gib=8, apps=None, scenario=None, warm=False, engine=engines.CURRENT,
         keep=False, out=sys.stdout):  # fmt: skip
    """A host that is not booted yet, with `gib` for volumes where they have a file system of their own, with all apps
    of the example or some, and with the systems that a scenario switches to; a warm one has their images, where they are
    in the form of its engine. At the end everything of it is removed, unless it is kept."""
    slot = slots.claim()
    container = None
    kept = False
    try:
        address = f"{slot.network}.10"
        container = Container(slot, name, template.lowers, address, volumes=volumes, gib=gib, keep=keep)
        furnish(container, template, apps, scenario, engine)
        if warm and template.engine and (engine.folder, engine.store) == (engines.CURRENT.folder, None):
            container.warm(template.engine)
        yield Machine(container, out)
        kept = keep and container.is_running()
    finally:
        if not kept:
            with _undisturbed():
                if container:
                    container.kill()
                slot.release()


@contextlib.contextmanager
def _undisturbed():
    """A second Ctrl-C must not stop the clearing up that the first one began."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def furnish(container, template, apps=None, scenario=None, engine=engines.CURRENT):
    """Writes what makes a Debian root this host."""
    root = Root(container)
    engines.furnish(root, engine)
    others = set(example.manifests()) - {"proxy", *apps} if apps else set()
    if template.helpers:
        for helper in HELPERS:
            root.share(template.helpers / helper, f"opt/hearth/bin/{helper}")
        root.write(f"etc/sysusers.d/{_USER_NAME}.conf", f"u {_USER_NAME} -\n")
        root.write("etc/systemd/system/systemd-sysusers.service.d/password.conf", _USERS_UNIT)
    # Where a NixOS host has paths of the store, the rendered manifests name the repository, which lies here.
    for part in ("secrets", "tests/recipes", "nix/recipes", "tests/bed/keys"):
        root.copy_tree(paths.REPO / part, f"opt/hearth/src/{part}")
    if not template.helpers:
        root.copy(example.key(), AGE_KEY, 0o600)
    network = _NETWORK_UNIT.format(address=container.address, gateway=container.slot.gateway)
    root.write("etc/systemd/system/bed-network.service", network)
    root.link("etc/systemd/system/sysinit.target.wants/bed-network.service", "../bed-network.service")
    domains = " ".join(example.domains(scenario))
    root.write("etc/hosts", f"127.0.0.1 localhost\n{container.address} host {domains} shop.example.org\n")
    _add_users(root)
    root.write("etc/ssh/sshd_config.d/hearth.conf", "Include /etc/hearth/deploy-sshd.conf\n")
    password = example.secret("registry_password", template.helpers) if template.helpers else "bed"
    login = output(["chroot", template.lowers[-1], "htpasswd", "-niB", "hearth"], stdin=password + "\n")
    root.write("etc/docker/registry/htpasswd", login.strip() + "\n", 0o644)
    is_left_out = lambda path: any(_is_of(app, path) for app in others)  # noqa: E731
    generations.install(root, scenario, hearth=bool(template.helpers), without=is_left_out)


def _is_of(app, path):
    """Whether a rendered file is its manifest or one of its units."""
    return re.fullmatch(rf"{app}\.json|hearth-(app|drill|snapshot)-{app}\.\w+", path.name) is not None


# What NixOS makes of `users` in the example: name, number, shell, and which of them are in the group of the door.
_USERS = """hearth-deploy:x:901:901::/:/bin/sh
runner:x:902:902::/nonexistent:/bin/sh
"""
_GROUPS = """hearth-deploy:x:901:runner
runner:x:902:
"""


def _add_users(root):
    """Adds the users that the modules declare, since no unit does."""
    root.append("etc/passwd", _USERS)
    root.append("etc/group", _GROUPS)
    root.append("etc/shadow", "hearth-deploy:*:1:0:99999:7:::\nrunner:*:1:0:99999:7:::\n", 0o640)


class Root:
    """The root folder of a host that is not booted: what is written here hides the template's file."""

    def __init__(self, container):
        self.upper, self.lowers = container.folder / "upper", container.lowers

    def write(self, name, text, mode=0o644):
        """Writes a file."""
        self._place(name).write_text(text)
        (self.upper / name).chmod(mode)

    def append(self, name, text, mode=0o644):
        """Adds text to a file."""
        self.write(name, self.find(name).read_text() + text, mode)

    def find(self, name):
        """Where a file or folder of the host lies, the topmost one."""
        return next(layer / name for layer in [self.upper, *self.lowers] if (layer / name).exists())

    def copy(self, source, name, mode=0o644):
        """Copies a file."""
        shutil.copyfile(source, self._place(name))
        (self.upper / name).chmod(mode)

    def share(self, source, name):
        """Makes a file of the builder's one of the host, which must not write to it."""
        try:
            self._place(name).hardlink_to(source)
        except OSError:
            # Another file system.
            self.copy(source, name, source.stat().st_mode & 0o777)

    def copy_tree(self, source, name, without=lambda path: False, mode=0o644):
        """Copies a folder, symbolic links as they are, and nothing that is to be left out."""
        for path in sorted(source.rglob("*")) if source.is_dir() else []:
            inside = f"{name}/{path.relative_to(source)}"
            if without(path) or "__pycache__" in path.parts:
                continue
            if path.is_symlink():
                self.link(inside, str(path.readlink()))
            elif path.is_file():
                self.copy(path, inside, mode)

    def link(self, name, target):
        """Makes a symbolic link."""
        place = self._place(name)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def _place(self, name):
        """Where to write; folders on the way keep the owner and mode that they have in the template."""
        here = self.upper
        for part in Path(name).parent.parts:
            here = here / part
            if not here.exists():
                here.mkdir()
                below = [lower / here.relative_to(self.upper) for lower in self.lowers]
                for folder in (folder for folder in below if folder.is_dir()):
                    shutil.copystat(folder, here)
                    shutil.chown(here, folder.stat().st_uid, folder.stat().st_gid)
                    break
        return self.upper / name
