"""What time does: review cadences, the one table of occasions, reviews, and the sweep.

Words: *occasion* (who is due, when, what happens), *sweep* (one look at every clock, at an instant that
is passed in), *review* (five questions at the tier's cadence; the next due counts from the due date).
`clocks.py` is the table and the sweep, `occasions.py` what a row is, `letters_*.py` what it says to whom,
`telling.py` how it happens, `waiting.py` what the rows share. Any number of sweeps may run: what is found with <= is written once.
Must never: test for a day with ==, or read a clock.
"""
