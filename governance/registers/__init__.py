"""Lists coming in: profiles as data, read (any kind of file), stage, apply.

Words: *profile* (a TOML file that says what a column means), *record* (one row of a register),
*identity* (what makes a record the same next time), *gone* (no longer in the list; flagged, never deleted).
Must never: guess, fabricate an approval, or change what somebody accepted or decided here.
"""
