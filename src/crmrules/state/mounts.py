"""Whether a folder is on a network share, where SQLite's write-ahead log is not safe.

SQLite does not refuse such a place by itself: its log needs memory that all processes share, and
two machines share none, so both would write and neither would know. Only Linux can be asked;
elsewhere nothing is known, and SQLite's own check must do.
"""

from __future__ import annotations

from pathlib import Path

TABLE = Path("/proc/self/mountinfo")
SHARES = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph"),
        *("lustre", "gfs2", "ocfs2", "glusterfs", "beegfs", "orangefs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse"),
        *("fuse.davfs", "davfs", "fuse.blobfuse", "fuse.juicefs"),
    }
)


def network(folder: Path) -> str | None:
    """Return the kind of network share a folder is on; None: none that we know of."""
    try:
        lines = TABLE.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    here = folder.resolve()
    best: tuple[int, str] = (-1, "")
    for line in lines:
        place, kind = _parsed(line)
        if here.is_relative_to(place) and len(place.parts) >= best[0]:  # a later mount covers
            best = (len(place.parts), kind)
    return best[1] if best[1] in SHARES else None


def _parsed(line: str) -> tuple[Path, str]:
    """Return mount point and kind of one line (proc(5): fields, " - ", kind, source, options)."""
    before, _, after = line.partition(" - ")
    place = before.split(" ")[4] if before.count(" ") >= 4 else ""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        place = place.replace(code, char)
    return Path(place), after.partition(" ")[0]
