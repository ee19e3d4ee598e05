// What cannot be reached at this width: parts that stick out of the window, or out of a frame that does not scroll.
() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} wide`);
  const inside = (box, frame) => box.left >= frame.left - 1 && box.right <= frame.right + 1;
  const modal = document.querySelector("dialog:modal");
  if (modal) {
    const box = modal.getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight) found.push(`the dialog reaches from ${box.top} to ${box.bottom}`);
  }
  for (const part of document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")) {
    const seen = part.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!seen || part.closest(".visually-hidden, .skip")) continue;
    let box = part.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) found.push(`${part.outerHTML.slice(0, 150)} is ${box.width} by ${box.height}`);
    for (let frame = part.parentElement; frame && frame !== document.body; frame = frame.parentElement) {
      const overflow = getComputedStyle(frame).overflowX;
      if (overflow === "visible") continue;
      const edge = frame.getBoundingClientRect();
      // What a frame scrolls to counts as where the frame is.
      if (overflow === "auto" || overflow === "scroll") box = edge;
      else if (!inside(box, edge)) found.push(`${part.outerHTML.slice(0, 150)} is cut off`);
    }
    if (!inside(box, { left: 0, right: root.clientWidth })) found.push(`${part.outerHTML.slice(0, 150)} from ${box.left} to ${box.right}`);
  }
  return found;
}
