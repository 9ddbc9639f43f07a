"""The Merkle tree of RFC 9162, section 2.1, as plain functions over bytes. No database, no clock."""

from collections.abc import Sequence
from hashlib import sha256

#: The root of a tree without leaves.
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf: SHA-256 over 0x00 and its bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees: SHA-256 over 0x01 and both hashes."""
    return sha256(b"\x01" + left + right).digest()


def grow(frontier: list[bytes], size: int, leaf: bytes) -> list[bytes]:
    """Add the leaf hash `leaf` to a tree of `size` leaves and return the hashes of the subtrees it completes.

    `frontier` holds the roots of the perfect subtrees, the largest first; it is changed in place.
    The answer runs from the subtree of two leaves upwards, and is empty for every other leaf.
    """
    completed = []
    while size & 1:
        leaf = node_hash(frontier.pop(), leaf)
        completed.append(leaf)
        size >>= 1
    frontier.append(leaf)
    return completed


def root(frontier: Sequence[bytes]) -> bytes:
    """Return the root of the tree whose perfect subtrees have the roots in `frontier`, the largest first."""
    if not frontier:
        return EMPTY_ROOT
    right = frontier[-1]
    for left in reversed(frontier[:-1]):
        right = node_hash(left, right)
    return right


def packed(hashes: Sequence[bytes]) -> bytes:
    """Return `hashes` as one run of bytes, 32 each."""
    return b"".join(hashes)


def unpacked(run: bytes) -> list[bytes]:
    """Return the hashes in a run of bytes made by `packed`."""
    return [run[i : i + 32] for i in range(0, len(run), 32)]
