"""Questions put to one named person, and the acts that need no question: stop, retire, close, correct, place.

Words: *decision* (a timed question with two outcomes, Pass or No pass), *gate* (a decision that moves the
stage), *lapse* (nobody answered in time: No pass), *overtaken* (a stop or a retirement closed it).
`questions.py` is the table of kinds; `asking.py` puts one, `actions.py` answers, withdraws and extends it,
`settling.py` ends what nobody answered; `stop.py` and `retire.py` hold the acts; `triage.py` is the queue of
what needs somebody before any question can be asked. Silence is never yes.
Must never: let somebody answer what they asked, or pass while a requirement is open.
"""
