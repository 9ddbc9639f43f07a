"""One row per message a person is owed, once, and its delivery.

A notice is unique on (person, about, occasion, channel) and is written in the same transaction as the
event that owes it. The task queue only says "look now". Delivery claims by one conditional UPDATE,
sends with a Message-ID derived from the row, then marks. Binding notices go at once, the rest joins a
digest at 08:00 local. Every notice is also in the portal.
Must never: exist only as a queued message, or carry a credential in a link.
"""
