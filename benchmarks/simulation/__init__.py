"""An organization whose hidden truth is known, and what its CRM would hold of it."""
