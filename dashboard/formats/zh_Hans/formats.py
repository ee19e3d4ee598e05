"""Dates in Chinese are Django's own, but in tables they stand in columns of one width."""

SHORT_DATE_FORMAT = "Y-m-d"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"
