"""Dates in Chinese are Django's own, but in tables they stand in columns of one width. Numbers are grouped as browsers group them."""

SHORT_DATE_FORMAT = "Y-m-d"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
