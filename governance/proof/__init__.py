"""What proves that it is safe enough: the tier's controls as a checklist, and the sign-offs a decision waits for.

A control is *supplied* by somebody of the initiative and *confirmed* by the function that owns it,
never by who supplied it. A control can be waived until a date, with a reason and a name.
Must never: show a control as met because nobody looked.
"""
