"""What the organisation decided in numbers: tiers, windows, cadences, limits. Defaults are data, versions are rows.

Must never: hold a rule in code that an organisation may want to change, or change a version once written.
"""

from governance.policy.versions import Policy, current, of_version

__all__ = ["Policy", "current", "of_version"]
