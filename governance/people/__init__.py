"""Who people are: persons, units, grades, functions, deputies, calendars, and how they prove it is them.

Words: *function* (a standing duty such as Compliance: a group with a fixed slug), *deputy* (may stop
for somebody while they are away, may never pass a gate), *proof* (a fresh authentication), *second factor* (a code
from an app, asked for after a password), *identity* (who somebody is at the company's OpenID provider).
Must never: know an initiative, or give anybody a decision right (see raci/grants.py).
"""
