"""How quick it is, always as a share of a bare thing that does as little as one can, measured in the same run.

    uv run python -m tests.bench catalog                 the catalog at 3,600, 10,000 and 100,000 initiatives
    uv run python -m tests.bench catalog --db=postgres   the same on PostgreSQL
    uv run python -m tests.bench imports                 bringing in the federal inventory

Two cores that do other things give other milliseconds each minute; a ratio of two things measured in turns stays.
Each bar is a ratio of medians, samples taken in the order ours, bare, bare, ours; it holds when the worse end of
its 95 % interval (bootstrap) does.
"""
