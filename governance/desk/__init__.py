"""Pages that span rooms and own no tables: home (what needs me), portfolio (what we have), notices, help rendered from the code.

Words: *row* (one thing to decide, sign or do: verb and object, facts, deadline, what happens if nobody
acts, one button), *under my stop authority* (what I may stop at once). Home's rows are in `to_decide.py`,
`to_sign.py`, `to_do.py` and `waiting.py`.
Must never: own a table, change anything but that a notice was read, or say a rule in its own words: what
the pages explain is read from the code that enforces it.
"""
