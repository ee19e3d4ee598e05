// What moves although somebody asked for reduced motion: parts, and what is drawn before and after them.
() => {
  const found = [];
  const seconds = (times) => Math.max(...times.split(",").map((time) => parseFloat(time) * (time.trim().endsWith("ms") ? 0.001 : 1)));
  for (const part of document.querySelectorAll("*")) {
    for (const drawn of [null, "::before", "::after"]) {
      const look = getComputedStyle(part, drawn);
      const animated = look.animationName !== "none" && seconds(look.animationDuration) > 0.01;
      const changes = look.transitionProperty !== "none" && seconds(look.transitionDuration) > 0.01;
      if (animated || changes || look.scrollBehavior === "smooth") found.push(`${part.outerHTML.slice(0, 120)} ${drawn ?? ""}`);
    }
  }
  return found;
}
