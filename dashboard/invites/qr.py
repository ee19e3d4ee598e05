"""A link's address as a picture for a phone's camera."""

from __future__ import annotations

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


def svg(text: str, title: str) -> SafeString:
    """Inline SVG, dark modules only: what shows it lays it on white, in dark mode too. `title` is what is read out."""
    # Without a height or a style of its own, which the content security policy would refuse; the style sheet sizes it.
    drawn = segno.make(text, error="m", micro=False).svg_inline(border=4, omitsize=True, svgclass=None, lineclass=None)
    opening, drawing = drawn.split(">", 1)
    return format_html(
        '{} class="qr" role="img" aria-label="{}">{}',
        mark_safe(opening),  # noqa: S308  # segno's own "<svg viewBox=…"
        title,
        mark_safe(drawing),  # noqa: S308  # paths of numbers
    )
