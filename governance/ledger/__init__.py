"""The record: what happened, who did it and when, one row per event, never changed afterwards.

A domain action opens one act, does its work, and says what it did:

    with ledger.act(by=person, at=at) as say:
        ...
        say(Verb.DECISION_ANSWERED, decision, outcome="pass", text={"reason": reason})

The act is one transaction. Entries are collected while it runs and appended once, as the outermost act
closes, so the ledger's head is the last thing anybody locks (locking it first deadlocked, and the stop
was the victim). An act whose entry cannot be written does not happen. A refusal is recorded by
`refused`, in a small transaction of its own, after the rollback.

Words. *Entry*: one row, numbered without gaps. *Leaf*: the canonical bytes of an entry, with every
column inside. *Node*: the hash over two subtrees; leaves and nodes as in RFC 9162. *Frontier*: the
roots of the perfect subtrees so far, kept in the one *head* row with the *size* and the *root*.
*Text*: names and reasons; they stand beside the leaf, which holds their salted digest only, so that
they can be erased and the record still proves. *Checkpoint*: size and root, signed, in a file outside
the database. *Guard*: a trigger that refuses changes to the record.

Must never: change or delete an entry, hold a secret, put a name or free text in a leaf, lock anything
after the head, or be written by another room.
"""

from governance.ledger.acts import act, refused
from governance.ledger.verbs import Verb

__all__ = ["Verb", "act", "refused"]
