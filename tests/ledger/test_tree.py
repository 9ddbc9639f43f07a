"""The tree agrees with the published vectors of Certificate Transparency, and with the definition read aloud."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.ledger import tree

#: The eight leaves every implementation of RFC 6962 is tried on, and the roots of the first 0 to 8 of them.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def by_definition(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash exactly as RFC 9162, 2.1.1 defines it, sharing no code with ours."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def grown(leaves: list[bytes]) -> tuple[list[bytes], list[list[bytes]]]:
    """The frontier after `leaves`, and what each of them completed."""
    frontier: list[bytes] = []
    return frontier, [tree.grow(frontier, size, tree.leaf_hash(leaf)) for size, leaf in enumerate(leaves)]


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size):
    frontier, _ = grown(LEAVES[:size])

    assert tree.root(frontier).hex() == ROOTS[size] == by_definition(LEAVES[:size]).hex()


@given(st.lists(st.binary(max_size=3), max_size=70))
def test_any_tree_has_the_root_of_the_definition(leaves):
    frontier, _ = grown(leaves)

    assert tree.root(frontier) == by_definition(leaves)
    assert tree.unpacked(tree.packed(frontier)) == frontier


@given(st.lists(st.binary(max_size=3), min_size=1, max_size=70))
def test_each_leaf_completes_the_perfect_subtrees_that_end_with_it(leaves):
    _, completed = grown(leaves)

    for end, hashes in enumerate(completed, start=1):
        widths = [1 << height for height in range(1, 8) if end % (1 << height) == 0]
        assert hashes == [by_definition(leaves[end - width : end]) for width in widths]
