"""The public register: what people outside may read of our uses of AI, once the organisation opened it.

Words: *listed* (what people outside read), *kept back* (what a rule leaves out), *withheld* (kept back by somebody
here, with a reason). What is listed follows from `rules.py` at the moment of asking; nothing is copied. Each has a
code of its own: keys are counted, and would tell how many are not listed.
Must never: show a person, what is restricted or withheld, or that there is any; nor exist before somebody opened it.
"""
