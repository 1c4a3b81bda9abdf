"""Building blocks that pages share; none of them knows a domain object."""
