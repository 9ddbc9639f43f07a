"""The demo company: a front door, a bar on every page, a clock that moves forward, the mailbox.

The company in `company.toml` is made through the same actions people use, with dates counted back from
the day of installation. Loopback only: a system check refuses anything else, and everything here asks
first whether this database is a demo.
Must never: do anything in a real installation, or touch the live ledger to show what tampering does.
"""
