"""A package index of our own, in which time has gone on since a lock was written.

In: a hash-locked requirements file and the environment that was installed from it.
Out: a folder with one small wheel for each locked package, with the requirements that the real one
declares, a newer release of every one of them, and the same lock with the hashes of these wheels.
Must not know: pip, or what is installed from it.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(\[[a-z,]+\])?==([^ \\;]+)", re.MULTILINE)
NEWER = "9999.0"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class LocalIndex:
    """The folder of wheels and the lock that names them."""

    folder: Path
    lock: Path
    pins: dict[str, str]

    def environ(self) -> dict[str, str]:
        """Return what makes pip look here and nowhere else."""
        return {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder),
            "PIP_CONFIG_FILE": "/dev/null",
        }


def pins_of(lock: Path) -> dict[str, str]:
    """Return the version of each package that a lock names."""
    found = PINNED.findall(lock.read_text(encoding="utf-8"))
    return {canonicalize_name(name): version for name, _, version in found}


def local_index(folder: Path, lock: Path, without: str | None = None) -> LocalIndex:
    """Write the index; a package named in `without` is in it, and not in the lock."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    pins = pins_of(lock)
    lines: list[str] = []
    for name, version in pins.items():
        wheel = _wheel(wheels, name, version)
        _wheel(wheels, name, NEWER, version)
        if name != without:
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f"{name}=={version} --hash=sha256:{digest}\n")
    small = folder / "requirements.txt"
    small.write_text("".join(lines), encoding="utf-8")
    return LocalIndex(wheels, small, pins)


def _wheel(folder: Path, name: str, version: str, of_version: str | None = None) -> Path:
    """Write a wheel without code, which declares what the installed package declares."""
    declared = metadata.metadata(name)
    assert declared["Version"] == (of_version or version), (
        f"the environment is not the lock's: {name}"
    )
    head = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    head += [f"Provides-Extra: {extra}\n" for extra in declared.get_all("Provides-Extra") or []]
    head += [f"Requires-Dist: {needs}\n" for needs in declared.get_all("Requires-Dist") or []]
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        f"{stem}.dist-info/METADATA": "".join(head),
        f"{stem}.dist-info/WHEEL": WHEEL,
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{stem}.dist-info/RECORD"])
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in {**files, f"{stem}.dist-info/RECORD": record}.items():
            wheel.writestr(zipfile.ZipInfo(inner), text)
    return path
