// The access matrix: moving and selecting by keys and mouse, and staging changes, which this tab keeps until they are applied or
// discarded. Without it the boxes are a plain form. Nothing here changes access: the bar's form sends what is staged to its preview.

const at = (id) => document.getElementById(id);
const table = () => document.querySelector("#matrix fieldset:enabled table");
const bar = () => at("staging");
const boxesIn = (cells) => cells.map((cell) => cell.querySelector("input")).filter(Boolean);

let drawn = null; // the matrix that was made ready
let staged = new Map(); // "workspace id-user id" -> give?
let active = [1, 1]; // row and column of the one cell that Tab reaches
let anchor = null; // where a selection began
let selected = []; // its cells

// --- What is staged ---------------------------------------------------------------------------------------------------
const shelf = () => `foyer-staged:${bar().dataset.operator}`;

function keep(sent = "") {
  const until = bar().elements.until.value;
  sessionStorage.setItem(shelf(), JSON.stringify({ staged: [...staged], until, sent }));
}

// What was sent to its preview is over once something was applied after; then the matrix itself shows what came of it.
function recall() {
  const kept = JSON.parse(sessionStorage.getItem(shelf()) ?? "{}");
  const over = kept.sent && at("matrix").dataset.applied > kept.sent;
  staged = new Map(over ? [] : kept.staged);
  bar().elements.until.value = over ? "" : (kept.until ?? "");
  if (over) keep();
}

// Access until a date can be given anew, with another date or none; of access that was lost the reason can be taken.
const isSo = (box, give) => give === box.defaultChecked && !box.parentElement.querySelector(give ? ".timed" : ".lost");

function stage(box, give) {
  staged.set(box.value, give);
  show(box);
}

function show(box) {
  if (isSo(box, staged.get(box.value))) staged.delete(box.value);
  box.checked = staged.get(box.value) ?? box.defaultChecked;
  const cell = box.parentElement;
  if (staged.has(box.value)) {
    cell.dataset.staged = box.checked ? "give" : "take";
    box.setAttribute("aria-description", box.checked ? bar().dataset.textGive : bar().dataset.textTake);
  } else if (cell.dataset.staged) {
    delete cell.dataset.staged;
    box.removeAttribute("aria-description");
  }
}

function changed() {
  keep();
  tell();
}

// --- What is selected -------------------------------------------------------------------------------------------------
function select(from, to) {
  for (const cell of selected) cell.removeAttribute("aria-selected");
  const [top, bottom] = [from[0], to[0]].sort((a, b) => a - b);
  const [left, right] = [from[1], to[1]].sort((a, b) => a - b);
  selected = [...table().rows].slice(top, bottom + 1).flatMap((row) => [...row.cells].slice(left, right + 1));
  for (const cell of selected) cell.setAttribute("aria-selected", "true");
  tell();
}

function unselect() {
  for (const cell of selected) cell.removeAttribute("aria-selected");
  selected = [];
  anchor = null;
  tell();
}

const end = () => [table().rows.length - 1, table().rows[0].cells.length - 1];
const selectRow = (row) => select([row, 1], [row, end()[1]]);
const selectColumn = (column) => select([1, column], [end()[0], column]);
const selectAll = () => select([1, 1], end());

function fill(give) {
  for (const box of boxesIn(selected)) stage(box, give);
  changed();
}

// --- The bar ----------------------------------------------------------------------------------------------------------
function count(noun, n) {
  return bar().dataset[`text${noun}${n === 1 ? "One" : "Many"}`].replace("{n}", n);
}

function say(part, text) {
  const place = bar().querySelector(`[data-count=${part}]`);
  if (place.textContent !== text) place.textContent = text;
  place.closest("[data-part]").hidden = !text;
}

function tell() {
  const ids = [...staged.keys()].map((key) => key.split("-"));
  const nouns = {
    changes: count("Changes", ids.length),
    people: count("People", new Set(ids.map(([, user]) => user)).size),
    workspaces: count("Workspaces", new Set(ids.map(([workspace]) => workspace)).size),
  };
  say("selection", selected.length ? count("Cells", boxesIn(selected).length) : "");
  say("staged", ids.length ? bar().dataset.textStaged.replace(/{(\w+)}/g, (_all, noun) => nouns[noun]) : "");
  const until = bar().elements.until; // ends what is given; what is taken has no end
  until.disabled = ![...staged.values()].includes(true);
  until.closest("label").hidden = until.disabled;
  bar().hidden = !selected.length && !ids.length;
}

// --- The grid ---------------------------------------------------------------------------------------------------------
const stop = (cell) => cell.querySelector("input, a") ?? cell.querySelector("button") ?? cell;
const placeOf = (cell) => [cell.parentElement.rowIndex, cell.cellIndex];

function enter(place) {
  const rows = table().rows;
  const old = rows[active[0]]?.cells[active[1]];
  if (old) stop(old).tabIndex = -1;
  active = place.map((n, axis) => Math.min(Math.max(n, 0), end()[axis]));
  const here = stop(rows[active[0]].cells[active[1]]);
  here.tabIndex = 0;
  return here;
}

function setUp() {
  if (!bar() || drawn === at("matrix")) return;
  drawn = at("matrix");
  selected = [];
  anchor = null;
  recall();
  if (table()) {
    table().setAttribute("role", "grid");
    table().setAttribute("aria-multiselectable", "true");
    for (const cell of table().querySelectorAll("td, a, button, input")) cell.tabIndex = -1;
    for (const cell of table().querySelectorAll("td:has(> input, > button)")) cell.removeAttribute("tabindex");
    for (const cell of table().querySelectorAll("[aria-selected]")) cell.removeAttribute("aria-selected");
    for (const box of boxesIn([...table().querySelectorAll("td")])) show(box);
    enter(active[0] > end()[0] || active[1] > end()[1] ? [1, 1] : active);
  }
  tell();
}

const STEPS = {
  ArrowUp: ([r, c]) => [r - 1, c],
  ArrowDown: ([r, c]) => [r + 1, c],
  ArrowLeft: ([r, c]) => [r, c - 1],
  ArrowRight: ([r, c]) => [r, c + 1],
  PageUp: ([r, c]) => [Math.max(r - 10, 1), c],
  PageDown: ([r, c]) => [r + 10, c],
  Home: ([r], jump) => [jump ? 1 : r, 1],
  End: ([r], jump) => [jump ? Infinity : r, Infinity],
};

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest(".matrix :is(td, th)");
  if (!cell || !table()) return;
  const [row, column] = placeOf(cell);
  const jump = event.ctrlKey || event.metaKey;
  if (event.key in STEPS) {
    event.preventDefault();
    const before = [row, column];
    enter(STEPS[event.key](before, jump)).focus();
    if (event.shiftKey && row && column) {
      anchor ??= before;
      select(anchor, active.map((n) => Math.max(n, 1)));
    } else if (selected.length) {
      unselect();
    }
  } else if (event.key === " ") {
    const several = selected.includes(cell) && boxesIn(selected).length > 1;
    if (row && column && !event.shiftKey && !jump && !several && cell.querySelector("input")) return; // the box does it
    event.preventDefault();
    if (!row && !column) selectAll();
    else if (!column || (row && event.shiftKey)) selectRow(row);
    else if (!row || jump) selectColumn(column);
    else if (several) fill(boxesIn(selected).some((box) => !box.checked));
  } else if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault(); // would send the plain form
  } else if (jump && event.key.toLowerCase() === "a") {
    event.preventDefault();
    selectAll();
  } else if (event.key === "Escape") {
    unselect();
  }
});

document.addEventListener("focusin", (event) => {
  const cell = event.target.closest(".matrix :is(td, th)");
  if (cell && table()) enter(placeOf(cell));
});

// --- The mouse --------------------------------------------------------------------------------------------------------
let dragged = null; // the cell where the button went down

document.addEventListener("pointerdown", (event) => {
  dragged = event.button === 0 && event.pointerType === "mouse" && table() ? event.target.closest(".matrix tbody td") : null;
  if (!dragged || !event.shiftKey) return;
  anchor ??= active;
  select(anchor, placeOf(dragged));
});

document.addEventListener("pointerover", (event) => {
  const cell = event.target.closest(".matrix tbody td");
  if (dragged && !(event.buttons & 1)) dragged = null;
  if (dragged && cell && cell !== dragged) select(placeOf(dragged), placeOf(cell));
});

document.addEventListener("click", (event) => {
  const cell = event.target.closest(".matrix :is(td, th)");
  const button = event.target.closest("[data-select], [data-stage], [data-discard], [data-example], [data-open=example]");
  if (cell && !button && table() && event.target.matches("input")) {
    if (event.shiftKey) event.preventDefault(); // it has selected already
    else if (event.detail && selected.length) unselect(); // by mouse; a click that the space key made leaves the selection alone
  } else if (!button) {
    return;
  } else if (button.dataset.select) {
    const [row, column] = placeOf(cell);
    if (button.dataset.select === "all") selectAll();
    else if (button.dataset.select === "row") selectRow(row);
    else selectColumn(column);
  } else if (button.dataset.stage) {
    fill(button.dataset.stage === "give");
  } else if ("discard" in button.dataset) {
    staged.clear();
    bar().elements.until.value = "";
    if (table()) for (const box of boxesIn([...table().querySelectorAll("td")])) show(box);
    changed();
    if (table()) enter(active).focus(); // the bar that had the focus is gone
  } else if ("example" in button.dataset) {
    for (const key of button.dataset.example.split(" ").filter(Boolean)) staged.set(key, true);
    for (const box of boxesIn([...table().querySelectorAll("td")])) show(box);
    at("example").close();
    changed();
  } else {
    const people = boxesIn(selected).map((box) => box.value.split("-")[1]);
    at("example").querySelector("[name=to]").value = [...new Set(people)].join(" ");
  }
});

// --- Forms ------------------------------------------------------------------------------------------------------------
document.addEventListener("change", (event) => {
  if (event.target.matches(".matrix input") && table()) {
    if (event.target.checked === event.target.defaultChecked) staged.delete(event.target.value);
    else staged.set(event.target.value, event.target.checked);
    show(event.target);
    changed();
  } else if (event.target.form === bar()) {
    keep();
  }
});

document.addEventListener("submit", (event) => {
  if (event.target !== bar()) return;
  const { give, take, next } = bar().elements;
  const keys = (wanted) => [...staged].filter(([, given]) => given === wanted).map(([key]) => key).join(" ");
  give.value = keys(true);
  take.value = keys(false);
  next.value = location.pathname + location.search;
  keep(at("matrix").dataset.now);
});

// A list copied from a table or a mail has a name a line; a search field would run them together.
document.addEventListener("paste", (event) => {
  const text = event.clipboardData?.getData("text") ?? "";
  const field = event.target;
  if (!field.matches?.("[data-names]") || !/[\n\t]/.test(text)) return;
  event.preventDefault();
  field.setRangeText(text.split(/[\n\t]+/).map((name) => name.trim()).filter(Boolean).join(", "), field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("htmx:afterSwap", setUp);
document.addEventListener("htmx:historyRestore", setUp);
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  drawn = null; // as it was when one left; meanwhile something may have been applied
  setUp();
});
setUp();
