// Words of which one cannot see all: longer than the box that hides what does not fit. A title tells the rest.
() => {
  const found = [];
  for (const part of document.querySelectorAll("body *")) {
    if (!part.checkVisibility({ visibilityProperty: true }) || part.closest("svg, [title], .visually-hidden, .brand, .skip, input, select, textarea")) continue;
    const look = getComputedStyle(part);
    const hides = (overflow) => overflow === "hidden" || overflow === "clip";
    const [wide, high] = [part.clientWidth, part.clientHeight];
    if (wide < 2 || high < 2 || look.clipPath !== "none") continue;
    if ((hides(look.overflowX) && part.scrollWidth > wide + 1) || (hides(look.overflowY) && part.scrollHeight > high + 2)) {
      found.push(`${part.outerHTML.slice(0, 150)}: ${part.scrollWidth} by ${part.scrollHeight} in ${wide} by ${high}`);
    }
  }
  return found;
}
