"""What people said about an initiative, and who wants to hear of it. Comments inform; one person decides.

Words: *thread* (a comment with the replies to it, one level deep), *resolved* (nothing in a thread waits for
anybody; a reply opens it again), *earlier text* (what a comment said before its author edited it; it stays),
*mention* (@ and a name: that person is told), *watch* and *mute* (whether somebody hears of comments).
The acts stand in initiatives/comments.py and initiatives/watching.py, for they ask who may see it.
Must never: decide or hold up anything, delete what somebody said, or silence what somebody owes.
"""
