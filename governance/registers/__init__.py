"""Lists coming in: profiles as data, read (any kind of file), stage, apply; and the directory of people.

Words: *profile* (a TOML file that says what a column means), *record* (one row of a register),
*identity* (what makes a record the same next time), *gone* (no longer in the list; flagged, never deleted),
*directory* (a file of people: weighed as a whole, applied by the acts of `people`).
Must never: guess, fabricate an approval, or change what somebody accepted or decided here.
"""
