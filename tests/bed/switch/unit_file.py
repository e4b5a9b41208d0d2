"""Unit files as activation reads them: sections of keys, each with all its values, and what a difference asks for."""

from pathlib import Path

EQUAL, RESTART, RELOAD = "equal", "restart", "reload"
# What a running unit does not notice.
_UNNOTICED = {
    "X-Reload-Triggers", "Description", "Documentation", "OnFailure", "OnSuccess", "OnFailureJobMode", "IgnoreOnIsolate",
    "StopWhenUnneeded", "RefuseManualStart", "RefuseManualStop", "AllowIsolate", "CollectMode", "SourcePath",
}  # fmt: skip
# A difference in these is told to the running unit.
_TOLD = {("Unit", "X-Reload-Triggers"), ("Service", "ExecReload"), ("Mount", "Options")}


def read(folder, name, template=None):
    """A unit with its drop-ins, of its template's first, as `{section: {key: [values]}}` without `[Install]`."""
    found = {}
    files = [folder / (template or name)]
    for owner in dict.fromkeys([template or name, name]):
        files += sorted((folder / f"{owner}.d").glob("*.conf"))
    for file in files:
        _add(found, file.read_text())
    found.pop("Install", None)
    return found


def _add(found, text):
    section = {}
    for line in map(str.strip, text.replace("\\\n", " ").splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1], {})
        elif "=" in line and not line.startswith(("#", ";")):
            key, value = (part.strip() for part in line.split("=", 1))
            # An empty value takes back those before it.
            section[key] = [*section.get(key, []), value] if value else []


def flag(unit, section, key, default):
    """A switch of a unit."""
    values = unit.get(section, {}).get(key)
    return values[-1] in ("1", "yes", "true", "on") if values else default


def compare(old, new):
    """What a running unit needs when its file changed from `old` to `new`."""
    needed = EQUAL
    for section in old.keys() | new.keys():
        before, after = old.get(section, {}), new.get(section, {})
        for key in before.keys() | after.keys():
            if before.get(key) == after.get(key):
                continue
            if section == "Mount" and (key not in before or key not in after):
                return RESTART
            if (section, key) in _TOLD:
                # A reload that is no longer there cannot be asked for.
                needed = RELOAD if key in after else needed
            elif section != "Unit" or key not in _UNNOTICED:
                return RESTART
    return needed


def is_gone(folder, name):
    """Whether a system has no such unit, or masks it."""
    file = folder / name
    return not file.exists() or file.resolve() == Path("/dev/null")
