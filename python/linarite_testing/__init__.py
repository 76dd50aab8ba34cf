"""An Azure Batch service of its own for a test, by Linarite.

    from linarite_testing import Linarite

    with Linarite(clock="virtual") as service:
        print(service.endpoint, service.account_name)
"""

from linarite_testing.programs import LinaritePrograms
from linarite_testing.service import CommandFailed, Linarite, NotStarted

__all__ = ["CommandFailed", "Linarite", "LinaritePrograms", "NotStarted"]
