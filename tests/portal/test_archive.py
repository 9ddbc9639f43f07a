"""The file a backup is: nothing of it is used unless all of it is what the manifest says."""

import hashlib
import io
import json
import random
import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal import archive

CONTENT = {
    "database.sqlite3": random.Random(5).randbytes(2000),
    "checkpoints.log": b"{}\n",
    "checkpoint_key.pub": b"public\n",
}


@pytest.fixture
def made(tmp_path) -> Path:
    """A backup of three small parts."""
    (tmp_path / "parts").mkdir()
    for name, content in CONTENT.items():
        (tmp_path / "parts" / name).write_bytes(content)
    manifest = archive.Manifest(
        mandate="0.1.0",
        at=datetime(2026, 11, 29, 10, 15, tzinfo=UTC).isoformat(),
        vendor="sqlite",
        server="3.40.1",
        kind="real",
        migrations=["governance.0001_initial"],
        size=2,
        root="ab" * 32,
        whole=True,
    )
    archive.write(tmp_path / "made.tar.gz", manifest, tmp_path / "parts")
    return tmp_path / "made.tar.gz"


@pytest.fixture
def place(tmp_path) -> Path:
    """The folder it is unpacked into."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def rewritten(path: Path, change) -> Path:
    """Return another archive, with what `change` makes of the members and their content."""
    with tarfile.open(path) as tar:
        held = [(member, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(path.with_name("altered.tar.gz"), "w:gz") as tar:
        for member, content in change(held):
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path.with_name("altered.tar.gz")


def named(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def test_what_was_written_is_what_is_read(made, place):
    digest = archive.unpack(made, place)

    assert {one.name: one.read_bytes() for one in place.iterdir()} == CONTENT
    assert {stat.S_IMODE(one.stat().st_mode) for one in [made, *place.iterdir()]} == {0o600}
    assert len(digest) == 64
    assert archive.read(made).made_at == datetime(2026, 11, 29, 10, 15, tzinfo=UTC)


ALTERED = {
    "a part is another": lambda held: [*held[:1], (held[1][0], b"R" + held[1][1][1:]), *held[2:]],
    "a part is longer": lambda held: [*held[:1], (held[1][0], held[1][1] + b"!"), *held[2:]],
    "a part is missing": lambda held: held[:-1],
    "a part comes twice": lambda held: [*held, held[-1]],
    "a part too many": lambda held: [*held, (named("secret_key"), b"mine")],
    "a path upwards": lambda held: [*held, (named("../evil"), b"evil")],
    "a path from the root": lambda held: [*held, (named("/tmp/evil"), b"evil")],
    "no manifest": lambda held: held[1:],
    "the manifest comes last": lambda held: [*held[1:], held[0]],
    "a manifest that is none": lambda held: [(held[0][0], b"[]"), *held[1:]],
    "a manifest without parts": lambda held: [(held[0][0], b'{"format": 1}'), *held[1:]],
    "nothing": lambda held: [],
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_an_altered_archive_is_refused_in_a_sentence(made, place, change, tmp_path):
    before = set(tmp_path.rglob("*"))
    altered = rewritten(made, change)

    with pytest.raises(archive.Unfit) as why:
        archive.unpack(altered, place)

    assert str(why.value).startswith(str(altered))
    assert str(why.value).endswith(".")
    assert {one for one in set(tmp_path.rglob("*")) - before if one.name not in CONTENT} == {altered}
    assert not Path("/tmp/evil").exists()


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "database.sqlite3"),
        (tarfile.DIRTYPE, ""),
        (tarfile.CHRTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_what_is_no_plain_file_is_refused_although_the_manifest_agrees(made, place, kind, link):
    def agreeing(held):
        said = json.loads(held[0][1])
        said["parts"]["checkpoint_key.pub"] = {"bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
        return [(held[0][0], json.dumps(said).encode()), *held[1:-1], (named("checkpoint_key.pub", kind, link), b"")]

    with pytest.raises(archive.Unfit, match="which no backup holds"):
        archive.unpack(rewritten(made, agreeing), place)
    assert not (place / "checkpoint_key.pub").exists()


def test_a_part_the_manifest_may_not_name_is_refused(made, place):
    def name_more(held):
        said = json.loads(held[0][1])
        said["parts"]["../evil"] = {"bytes": 4, "sha256": "0" * 64}
        return [(held[0][0], json.dumps(said).encode()), *held[1:]]

    with pytest.raises(archive.Unfit, match="does not begin with a manifest"):
        archive.unpack(rewritten(made, name_more), place)


def test_a_layout_of_tomorrow_is_refused_with_the_version_that_made_it(made):
    def of_tomorrow(held):
        said = {**json.loads(held[0][1]), "format": 2, "mandate": "9.1", "more": True}
        return [(held[0][0], json.dumps(said).encode()), *held[1:]]

    with pytest.raises(archive.Unfit, match=r"was made by Mandate 9\.1, which is newer than this one"):
        archive.read(rewritten(made, of_tomorrow))


def test_no_flipped_byte_and_no_lost_end_goes_unseen(made, place):
    whole = made.read_bytes()
    spoiled = made.with_name("spoiled.tar.gz")
    said, refused = archive.read(made), 0
    for at in range(0, len(whole), 17):
        spoiled.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            archive.unpack(spoiled, place)
        except archive.Unfit:
            refused += 1
        else:  # the time in its head, or another spelling of the same zeros
            assert archive.read(spoiled) == said
            assert {name: (place / name).read_bytes() for name in CONTENT} == CONTENT
    assert refused > 0.9 * len(whole) / 17
    for cut in (0, 1, 20, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        spoiled.write_bytes(whole[:cut])
        with pytest.raises(archive.Unfit):
            archive.unpack(spoiled, place)


def test_a_file_that_is_something_else_is_refused(tmp_path, place):
    (tmp_path / "photo.tar.gz").write_bytes(b"\x89PNG not an archive at all")

    with pytest.raises(archive.Unfit, match="is no backup of Mandate, or it is damaged"):
        archive.unpack(tmp_path / "photo.tar.gz", place)


def test_what_a_killed_run_left_goes_and_what_another_works_in_stays(tmp_path):
    left = tmp_path / ".mandate-left"
    left.mkdir()
    (left / "database.sqlite3").write_bytes(b"half")

    with archive.workshop(tmp_path) as one, archive.workshop(tmp_path) as two:
        assert one.exists()
        assert two.exists()
        assert not left.exists()
        assert stat.S_IMODE(one.stat().st_mode) == 0o700

    assert list(tmp_path.iterdir()) == []
