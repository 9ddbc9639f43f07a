"""The words everyone uses: the clock, blockers, refusals, the state field, the installation.

Must never: know any other room.
"""
