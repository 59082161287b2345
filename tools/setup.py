# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the environments: `.venv` for the program, `.venv-blender` with Blender as a module, and the model files.

Runs on any Python 3, to say which one is needed; standard library only. Run again, it goes on where it was
stopped: packages that are there are kept, and so are model files.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ((3, 11), (3, 13))
MARKER = ".lineboil-ready"
ON_WINDOWS = os.name == "nt"
# Measured on Linux; Windows and macOS fetch less.
DOWNLOAD_MEGABYTES = {
    "program": 190, "blender": 410, "blender-4.2": 375, "blender-4.5": 400, "develop": 90, "models": 79,
}
DIFFUSION_MEGABYTES = {"cpu-torch": 300, "cuda": 2700, "rocm": 5000, "mps": 220}
OLDER_BLENDERS = ("blender-4.2", "blender-4.5")


def main():
    """Make what is missing; returns the exit code."""
    options = arguments()
    python = suitable_python()
    if python is None:
        return 1
    try:
        environment("program", ROOT / ".venv", python, ["program.txt"])
        install_lineboil(python_of(ROOT / ".venv"))
        diffusion(options, python)
        if options.develop:
            environment("develop", ROOT / ".venv", python, ["program.txt", "develop.txt"])
        blender_environment(options, python)
        if options.blenders:
            older_blenders(python)
        fetch_models()
    except subprocess.CalledProcessError as error:
        say(f"Set-up stopped: `{Path(str(error.cmd[0])).name}` ended with {error.returncode}.")
        say("What is there is kept: run the same command again to go on.")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run the same command again to go on.")
        return 130
    return 0


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--develop", action="store_true", help="also what tests and linters need")
    parser.add_argument("--diffusion", choices=DIFFUSION_MEGABYTES, help="also what diffusion needs, for this backend")
    parser.add_argument("--blenders", action="store_true", help="also older Blenders as modules, to test in")
    parser.add_argument("--blender", default=os.environ.get("LINEBOIL_BLENDER", ""), help="a Blender to use instead")
    return parser.parse_args()


def say(text):
    """A line for the person watching, in order with what pip prints."""
    print(text, flush=True)


def suitable_python():
    """Command of a Python this project supports, or None after saying how to get one."""
    if sys.version_info[:2] in SUPPORTED:
        return [sys.executable]
    for version in SUPPORTED:
        command = python_of_version(version)
        if command:
            say(f"Using {' '.join(command)}: this Python is {sys.version.split()[0]}, which has no Blender module.")
            return command
    return tell_how_to_get_python()


def python_of_version(version):
    """Command of an installed Python of this version, or None."""
    name = f"{version[0]}.{version[1]}"
    for command in ([f"python{name}"], ["py", f"-{name}"]):
        if shutil.which(command[0]) and answers(command, version):
            return command
    return python_of_uv(version)


def answers(command, version):
    """Whether a command starts a Python of this version."""
    check = f"import sys; sys.exit(sys.version_info[:2] != {version!r})"
    try:
        return subprocess.run([*command, "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def python_of_uv(version):
    """A Python of this version that uv has installed already, or None."""
    if not shutil.which("uv"):
        return None
    found = subprocess.run(
        ["uv", "python", "find", "--no-python-downloads", f"{version[0]}.{version[1]}"],
        capture_output=True, text=True, check=False,
    )
    if found.returncode == 0 and answers([found.stdout.strip()], version):
        return [found.stdout.strip()]
    return None


def tell_how_to_get_python():
    """Say how to get a supported Python; returns None."""
    say(f"Lineboil needs Python 3.11 or 3.13; this one is {sys.version.split()[0]}.")
    if shutil.which("uv"):
        say("Get it with:  uv python install 3.11    then run the same command again.")
    else:
        say("Get it from python.org or your system's packages, for example:")
        say("  Debian, Ubuntu: apt install python3.11 python3.11-venv    Fedora: dnf install python3.11")
        say("  macOS: brew install python@3.11    Windows: winget install Python.Python.3.11")
        say("then run the same command again (PYTHON=/path/to/python3.11 names one that is not found).")


def python_of(folder):
    """Python's program in an environment."""
    return folder / ("Scripts/python.exe" if ON_WINDOWS else "bin/python")


def environment(name, folder, python, files):
    """Make or complete an environment, with pip's own progress."""
    wanted = fingerprint(python, files)
    marker = folder / f"{MARKER}-{name}"
    if marker.is_file() and marker.read_text(encoding="utf-8") == wanted:
        return
    say(f"Setting up {folder.name} for {name}: about {DOWNLOAD_MEGABYTES[name]} MB to fetch.")
    make_folder(folder, python)
    arguments = [part for file in files for part in ("-r", str(ROOT / "requirements" / file))]
    pip(python_of(folder), "install", *arguments)
    marker.write_text(wanted, encoding="utf-8")


def fingerprint(python, files):
    """Changes when the environment has to be made anew."""
    content = b"".join((ROOT / "requirements" / file).read_bytes() for file in files)
    return hashlib.sha256(content).hexdigest() + " " + " ".join(python)


def make_folder(folder, python):
    """An environment with pip in it."""
    if python_of(folder).exists() and has_pip(folder) and same_version(folder, python):
        return
    if folder.exists():
        shutil.rmtree(folder)
    done = subprocess.run([*python, "-m", "venv", str(folder)], check=False)
    if done.returncode and shutil.which("uv"):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["uv", "venv", "--seed", "--python", python[-1], str(folder)], check=True)
    elif done.returncode:
        say("This Python cannot make environments. On Debian and Ubuntu: apt install python3-venv.")
        done.check_returncode()


def has_pip(folder):
    """Whether an earlier set-up came as far as pip."""
    command = [python_of(folder), "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def same_version(folder, python):
    """Whether an environment was made by this version of Python."""
    show = "import sys; print(sys.version_info[:2])"
    own = subprocess.run([python_of(folder), "-c", show], capture_output=True, text=True, check=False).stdout
    return own == subprocess.run([*python, "-c", show], capture_output=True, text=True, check=False).stdout


def pip(python, *arguments):
    """Run pip in an environment; it keeps what it has fetched, so a second try goes on."""
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


def diffusion(options, python):
    """PyTorch and what diffusion models need: on the backend asked for, on the processor for tests."""
    folder = ROOT / ".venv"
    marker = folder / f"{MARKER}-diffusion"
    before = marker.read_text(encoding="utf-8") if marker.is_file() else ""
    backend = options.diffusion or before.partition(" ")[0] or ("cpu-torch" if options.develop else "")
    if not backend:
        return
    wanted = f"{backend} " + fingerprint(python, ["program.txt", f"{backend}.txt", "torch.txt", "diffusion.txt"])
    if wanted == before:
        return
    say(f"Setting up {folder.name} for diffusion models: about {DIFFUSION_MEGABYTES[backend]} MB to fetch.")
    rest, index, builds = parts_of(ROOT / "requirements" / f"{backend}.txt")
    if before:
        # A build of the same version would be taken for the one that is wanted.
        pip(python_of(folder), "uninstall", "--yes", "torch")
    # The pins are complete. Only PyTorch itself is asked for in PyTorch's index, and last, when all it needs is there.
    pip(python_of(folder), "install", "--no-deps", *rest)
    pip(python_of(folder), "install", *index, *builds)
    marker.write_text(wanted, encoding="utf-8")


def parts_of(path):
    """Words for pip from a backend's requirements: all but PyTorch, PyTorch's index, PyTorch."""
    rest, index, builds = [], [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            rest += ["-r", str(path.parent / line[3:])]
        elif line.startswith("--extra-index-url"):
            index = line.split()
        elif line.startswith("torch=="):
            builds.append(line)
        elif line and not line.startswith("#"):
            rest.append(line)
    return rest, index, builds


def install_lineboil(python):
    """The `lineboil` command, from this checkout."""
    marker = ROOT / ".venv" / f"{MARKER}-lineboil"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest() + str(ROOT)
    if marker.is_file() and marker.read_text(encoding="utf-8") == wanted:
        return
    pip(python, "install", "--quiet", "--no-deps", "-e", str(ROOT))
    marker.write_text(wanted, encoding="utf-8")


def blender_environment(options, python):
    """Blender as a Python module, unless a real Blender is to be used."""
    if options.blender:
        say(f"Using Blender at {options.blender}: .venv-blender is not made.")
        return
    folder = ROOT / ".venv-blender"
    found = shutil.which("blender")
    if found and not folder.exists() and blender_is_supported(found):
        say(f"Using Blender at {found}: .venv-blender is not made.")
        return
    environment("blender", folder, python, ["blender.txt"])


def older_blenders(python):
    """Older Blenders as modules, where there is a Python that can have them."""
    old = python if answers(python, (3, 11)) else python_of_version((3, 11))
    if old is None:
        say("Older Blenders exist as modules for Python 3.11 only: the tests in them are left out.")
        return
    for name in OLDER_BLENDERS:
        environment(name, ROOT / f".venv-{name}", old, [f"{name}.txt"])


def blender_is_supported(program):
    """Whether a Blender on PATH is 4.2 or newer."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
        words = done.stdout.split()
        major, minor = words[words.index("Blender") + 1].split(".")[:2]
        return (int(major), int(minor)) >= (4, 2)
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return False


def fetch_models():
    """The model files, by the program itself."""
    subprocess.run([python_of(ROOT / ".venv"), str(ROOT / "addon"), "check", "--fetch"], check=True)


if __name__ == "__main__":
    sys.exit(main())
