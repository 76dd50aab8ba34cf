"""Where the program `linarite` is."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import List, Optional, Sequence


class LinaritePrograms:
    """Finds the words that run `linarite` on this machine."""

    MISSING = (
        "linarite is not installed here: npm install -g linarite, or name it by LINARITE_COMMAND "
        "(LINARITE_COMMAND=/path/to/checkout/linarite)"
    )

    @classmethod
    def find(cls, command: Optional[Sequence[str]] = None) -> List[str]:
        """`command`, else the words of LINARITE_COMMAND, else `linarite` of the PATH.

        Raises FileNotFoundError that says how to get it.
        """
        if command is not None:
            return list(command)
        words = shlex.split(os.environ.get("LINARITE_COMMAND", ""))
        if words:
            return words
        found = shutil.which("linarite")
        if found is None:
            raise FileNotFoundError(cls.MISSING)
        return [found]
