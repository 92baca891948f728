"""Third-party files are the ones we say they are, and none came in without being named."""

import hashlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "static" / "vendor" / "VENDORED.toml"
FILES = tomllib.loads(MANIFEST.read_text())["file"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_vendored_file_is_unchanged(file):
    content = (ROOT / file["path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["sha256"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_vendored_file_names_its_version_and_licence(file):
    assert file["version"]
    assert file["licence"] in {"0BSD", "MIT", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "OFL-1.1"}


def test_every_file_in_a_vendor_folder_is_in_the_manifest():
    folders = (ROOT / "static" / "vendor", ROOT / "tests" / "vendor")
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    found |= set((ROOT / "vqflow" / "fonts").glob("*.ttf"))
    assert found - {MANIFEST} == {ROOT / file["path"] for file in FILES}
