"""Which paths a repository's attributes send through a filter."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.workspace.git import Git, make_bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.workspace.objects import Tree

_NONE = frozenset({b"unspecified", b"unset", b"set"})


def filtered(git: Git, tree: Tree, paths: Sequence[str], object_format: str) -> tuple[str, ...]:
    """Those of the paths with a filter in the tree's own attribute files, read without the session's override."""
    files = [(path, entry) for path, entry in tree.files.items() if path.rpartition("/")[2] == ".gitattributes"]
    if not files or not paths:
        return ()
    folder = Path(tempfile.mkdtemp(prefix="orion-attributes-"))
    try:
        plain = make_bare(folder, object_format)
        plain = replace(plain, objects=git.objects or git.git_dir / "objects", index=folder / "index")
        listing = b"".join(b"%o %s\t%s\0" % (mode, oid.encode(), os.fsencode(path)) for path, (mode, oid) in files)
        plain.run("update-index", "-z", "--index-info", stdin=listing)
        return filter_attributes(plain, paths, cached=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def filter_attributes(git: Git, paths: Sequence[str], *, cached: bool) -> tuple[str, ...]:
    """Those of the paths for which git sees a filter attribute, in the index or the work tree."""
    if not paths:
        return ()
    asked = b"".join(os.fsencode(path) + b"\0" for path in paths)
    place = ("--cached",) if cached else ()
    fields = git.run("check-attr", *place, "-z", "--stdin", "filter", stdin=asked).out.split(b"\0")
    rows = zip(fields[0::3], fields[2::3], strict=False)
    return tuple(sorted(os.fsdecode(path) for path, value in rows if value not in _NONE))
