"""Programs and libraries of Maven Central, fetched once.

In: a folder of `tests/lab/java` with a pom.xml. Out: a folder below `target/lab/` with every jar
that it names or needs. Must not know what they are for.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from output_checker.places import ROOT

JAVA = Path(__file__).resolve().parent / "java"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def has_java() -> bool:
    """Say whether Java programs can be had on this machine."""
    return bool(shutil.which("java") and shutil.which("mvn"))


def libraries(name: str) -> Path:
    """Return the folder with the jars of a pom.xml; another text is another folder."""
    pom = JAVA / name / "pom.xml"
    folder = ROOT / "target" / "lab" / f"{name}-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}.new")
        command = ["mvn", "-q", "-B", "-f", pom, COPY, f"-DoutputDirectory={fresh}"]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        fresh.rename(folder)
    return folder
