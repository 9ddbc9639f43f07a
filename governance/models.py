"""Every room's tables, listed: Django looks here for models. A test checks that no room is missing."""

from governance.comments import models as comments
from governance.core import models as core
from governance.gates import models as gates
from governance.initiatives import models as initiatives
from governance.ledger import models as ledger
from governance.notices import models as notices
from governance.outcomes import models as outcomes
from governance.people import models as people
from governance.policy import models as policy
from governance.proof import models as proof
from governance.public import models as public
from governance.raci import models as raci
from governance.registers import models as registers
from governance.reviews import models as reviews
from governance.signatures import models as signatures

__all__ = [
    "comments",
    "core",
    "gates",
    "initiatives",
    "ledger",
    "notices",
    "outcomes",
    "people",
    "policy",
    "proof",
    "public",
    "raci",
    "registers",
    "reviews",
    "signatures",
]
