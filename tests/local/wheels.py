"""Small packages for a real pip."""

import csv
import io
import zipfile
from pathlib import Path


def make_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel with these files, which are executable once they are installed."""
    prefix = f"{name.replace('-', '_')}-{version}"
    metadata = {
        f"{prefix}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{prefix}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    entries = {**files, **metadata}
    record = io.StringIO()
    csv.writer(record).writerows([entry, "", ""] for entry in (*entries, f"{prefix}.dist-info/RECORD"))
    folder.mkdir(exist_ok=True)
    path = folder / f"{prefix}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in {**entries, f"{prefix}.dist-info/RECORD": record.getvalue()}.items():
            member = zipfile.ZipInfo(entry)
            member.external_attr = 0o100755 << 16
            archive.writestr(member, content)
    return path
