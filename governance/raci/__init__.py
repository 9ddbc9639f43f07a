"""The matrix: four decisions × R, A, C, I and Escalation owner, and the one map from it to permissions.

Words: *row* (a decision category), *role* (R A C I E), *offer* (naming an A or E; it binds when that
person accepts), *acceptance*. The matrix is the truth; guardian's rows are rebuilt from it in the same
transaction, by `grants.rebuild` alone.
Must never: give a right to somebody for being an administrator, or hold a second Accountable.
"""
