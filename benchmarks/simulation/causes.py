"""Why a rule does badly with everything recorded, in one sentence each, after looking at cases.

Know before changing: these are readings of the simulated cases, written by a person. A rule that no
longer does badly needs none; the page takes only those it asks for.
"""

from __future__ import annotations

CAUSES = {}
