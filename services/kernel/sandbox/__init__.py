"""Parsers of untrusted files run here, in a recycled child process: without credentials, without network, without sight
of the archive's folders where the kernel allows it, under limits of memory and time. A hostile file ends its child, not
the archive.

The parent trusts nothing it is told: sizes are checked before they are used, and no pickle is ever read.
"""

from services.kernel.sandbox.limits import Limits
from services.kernel.sandbox.parent import Sandbox
from services.kernel.sandbox.protocol import Answer

__all__ = ["Answer", "Limits", "Sandbox"]
