"""Who signed what, over which bytes.

One table for decisions, sign-offs, acceptances and confirmations of a stop. A signature keeps the
printed name and title, the statement in words, when, how they proved it was them, and the digest of
what they saw. *Void* (by rule), *no longer matches* (stored bytes altered) and *changed since* (facts
moved on) are three different words.
Must never: be made by anybody for somebody else, or be deleted.
"""
