"""Who people are: persons, units, grades, functions, deputies, calendars, and how they prove it is them.

Words: *function* (a standing duty such as Compliance: a group with a fixed slug), *deputy* (may stop
for somebody while they are away, may never pass a gate), *proof* (a fresh authentication).
Must never: know an initiative, or give anybody a decision right (see raci/grants.py).
"""
