"""The check's tests of itself: planted programs, in each way that code has of starting one."""

import sys
import unittest

from . import check, python_code, rust_code, shell_code, table


def run(_):
    """Runs them and the check itself, and prints the closing line."""
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(tests)
    failed = len(result.failures) + len(result.errors)
    wrong = list(check.complaints(check.findings(), table.commands(table.rows()) | check.own()))
    print("\n".join(wrong))
    print(f"{result.testsRun - failed + (not wrong)} passed, {failed + len(wrong)} failed")
    return 1 if failed or wrong else 0


def python(*texts):
    """The programs that modules start, which are called one, two and so on."""
    modules = [python_code.Module(f"tests/{name}.py", text) for name, text in zip(("one", "two"), texts, strict=False)]
    return {one.name for one in python_code.programs(modules)}


def shell(text, **more):
    """The programs that a script starts."""
    return {one.name for one in shell_code.programs(text, "tests/script", **more)}


def rust(text, place="helpers/x/tests/x.rs"):
    """The programs that a file of Rust starts."""
    return {one.name for one in rust_code.programs(text, place)}


class Python(unittest.TestCase):
    def test_a_list(self):
        self.assertEqual(python("import subprocess\nsubprocess.run(['planted', 'x'])"), {"planted"})

    def test_names_of_imports(self):
        self.assertEqual(python("import subprocess as sp\nfrom subprocess import run as r\nsp.call(['a'])\nr(['b'])"), {"a", "b"})

    def test_constants_sums_and_both_ways_of_a_condition(self):
        text = "import subprocess\nA = ['unshare', '--', *()]\nsubprocess.run((A if x else []) + ['planted'])"
        self.assertEqual(python(text), {"unshare", "planted"})

    def test_a_function_that_hands_on(self):
        one = """
import subprocess
def run(words):
    words = [str(word) for word in words]
    subprocess.Popen(['env', *words])
"""
        two = "from .one import run\nfrom . import one\nrun(['planted'])\none.run(['other'])"
        self.assertEqual(python(one, two), {"env", "planted", "other"})

    def test_a_class_that_keeps_a_command(self):
        text = """
import subprocess
class Check:
    name: str
    command: list[str]
    def run(self):
        subprocess.run(self.command)
Check("x", ["planted"])
"""
        self.assertEqual(python(text), {"planted"})

    def test_a_path_and_the_interpreter(self):
        text = "import subprocess, sys\nsubprocess.run([folder / 'bin/planted'])\nsubprocess.run([sys.executable])"
        self.assertEqual(python(text), {"planted", "python3"})

    def test_shell_in_a_text(self):
        text = "import subprocess\nfrom os import system\nS = 'planted | b'\nsubprocess.run(['bash', '-euc', S])\nsystem('c')"
        self.assertEqual(python(text), {"bash", "sh", "planted", "b", "c"})
        self.assertEqual(python("import subprocess\nsubprocess.run('d', shell=True)"), {"sh", "d"})

    def test_programs_that_are_looked_for(self):
        self.assertEqual(python("import shutil\nshutil.which('planted')"), {"planted"})

    def test_what_cannot_be_read_is_told(self):
        for call in ("subprocess.run(f())", "subprocess.run(*x)", "f = subprocess.run", "partial(subprocess.run, ['x'])"):
            self.assertEqual(python(f"import subprocess\n{call}"), {None}, call)

    def test_a_comment_says_what_cannot_be_read(self):
        self.assertEqual(python("import subprocess\n# starts: planted b\nsubprocess.run(f())"), {"planted", "b"})


class Shell(unittest.TestCase):
    def test_wherever_a_command_can_stand(self):
        text = "a | b && ! c; x=$(d) e `f` <(g); if h; then i; fi; case x in y) j ;; esac; k() { l; }; k; cat <<END\n$(m)\nEND\n"
        self.assertEqual(shell(text), {*"abcdefghijlm", "cat"})

    def test_builtins_and_functions_are_none(self):
        self.assertEqual(shell("f() { :; }\nf; cd /; test x; echo ls"), set())

    def test_functions_of_a_file_that_is_read_in(self):
        self.assertEqual(shell('. "$here/other.sh"\ngiven; planted', sourced={"other.sh": "given() { :; }"}.get), {"planted"})

    def test_commands_in_words_of_others(self):
        text = "find . -exec a {} + -exec b {} ;\nxargs -0 c -x\nexec d\nenv A=1 e\ntimeout 3 f\n"
        text += "trap 'g -x' EXIT\nsh -c 'h'\ncommand -v i"
        self.assertEqual(shell(text) - {"find", "xargs", "env", "timeout", "sh"}, {*"abcdefghi"})

    def test_what_cannot_be_read_is_told(self):
        for text in ('"$@"', '"$tool" x', '"$(a)" x', 'sh -c "$x"', 'xargs "$x"', 'eval "$x"'):
            self.assertIn(None, shell(text), text)

    def test_a_comment_says_what_cannot_be_read(self):
        self.assertEqual(shell('# starts: planted\n"$@"'), {"planted"})

    def test_a_path_counts_by_its_name(self):
        self.assertEqual(shell('"$x/planted" y; /usr/bin/b'), {"planted", "b"})


class Rust(unittest.TestCase):
    def test_a_name(self):
        self.assertEqual(rust('std::process::Command::new("planted").arg("x")'), {"planted"})

    def test_what_a_test_does_not_name_is_told(self):
        self.assertEqual(rust('Command::new(format!("mkfs.{kind}"))'), {None})
        self.assertEqual(rust('// starts: planted\nCommand::new(format!("mkfs.{kind}"))'), {"planted"})

    def test_its_own_binary_and_settings_of_what_is_shipped_are_none(self):
        self.assertEqual(rust('Command::new(env!("CARGO_BIN_EXE_x"))'), set())
        self.assertEqual(rust("Command::new(&manifest.docker)", "helpers/x/src/x.rs"), set())
        self.assertEqual(rust("#[cfg(test)]\nCommand::new(&manifest.docker)", "helpers/x/src/x.rs"), {None})


class Complaints(unittest.TestCase):
    def test_a_program_that_the_table_lacks(self):
        found = python_code.programs([python_code.Module("tests/x.py", "import os\nos.system('a; planted')\nos.system(x)")])
        known = table.commands(table.rows("a  pack # why\n-  files\nsh dash"))
        self.assertEqual(
            list(check.complaints(found, known)),
            [
                "tests/x.py:2: starts planted, which tests/bed/requirements/table.tsv lacks: add it with its package",
                "tests/x.py:3: which program is started cannot be read here: say it with a comment `# starts: NAME`",
            ],
        )

    def test_the_project_itself_starts_what_it_is_known_to_start(self):
        found = {one.name for one in check.findings()}
        self.assertLessEqual({"cargo", "go", "git", "mkfs.xfs", "systemd-nspawn", "restic", "script", "apt-get", "nix"}, found)
