"""The thing governed: what it is, its lifecycle, the rules of each step, the one door, the catalog.

Words: *stage* and *step* (see lifecycle.py), *in use* (discovered, pilot, funding, build, production).
*Tag*: a short word of its own on an initiative (tags.py).
*Row of the catalog*: what the catalog asks about an initiative, kept by the database itself (catalog_keeping.py).
*View*: a question to the catalog kept under a name; saved.py says why its table lives here.
`steps.move` is the only door for people, `steps.admit` the register's. Rules import exactly the facts a
stage change depends on.
Must never: write a row of the catalog, or change a stage anywhere but in lifecycle.py through steps.py.
"""
