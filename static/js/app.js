// Foyer's own script: dialogs, toasts, keys, copying, selecting rows, keeping what was typed. One listener per kind of event, on the document, so that
// what htmx brings in later needs no setting up. It is loaded before the page is shown (pages do not defer it), so that whoever is faster
// than a slow line finds every key and button at work. Without it every page still works as links and forms.
"use strict";

const words = () => document.body.dataset;

// --- Toasts ---------------------------------------------------------------------------------------------------------
// Behind an open modal dialog nothing is read out or can be clicked, so the toasts move into it.
function placeToasts(host) {
  const region = document.getElementById("toasts");
  const home = host ?? [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (region.parentElement !== home) home.append(region);
}

function toast(level, text) {
  placeToasts();
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.tone = level;
  box.setAttribute("role", level === "error" ? "alert" : "status");
  const line = document.createElement("p");
  line.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet";
  close.setAttribute("aria-label", words().textClose);
  close.textContent = "×";
  close.addEventListener("click", () => box.remove());
  box.append(line, close);
  document.getElementById("toasts").append(box);
  if (level !== "error") setTimeout(() => box.remove(), 8000);
}

document.addEventListener("toasts", (event) => {
  for (const { level, text } of event.detail.value ?? []) toast(level, text);
});

// A refusal that came as a page says in words why; take them from it.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.elt.closest("[data-quiet]")) return;
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  // Foyer's own refusals are such pages; a bare 413 is the proxy's, and nothing came here.
  const { textProxy, textServer } = words();
  toast("error", page.querySelector("[data-sentence]")?.textContent.trim() || (event.detail.xhr.status === 413 ? textProxy : textServer));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!event.detail.elt.closest("[data-quiet]")) toast("error", words().textNetwork);
  });
}

// --- Focus ----------------------------------------------------------------------------------------------------------
// htmx gives the focus back to what has an id, and the browser to what opened a dialog. What stands in a list that was read anew meanwhile,
// without an id, is known again by what it does.
const DOES = ["name", "value", "href", "hx-post", "aria-label"];
const actionOf = (element) => element.form?.getAttribute("action");
let held = null; // what had the focus before a swap, and before a dialog was opened
let opener = null;

function alike(element) {
  const words = element.textContent.trim();
  const action = actionOf(element);
  const does = DOES.map((name) => element.getAttribute(name));
  const same = (other) =>
    other.textContent.trim() === words && actionOf(other) === action && DOES.every((name, i) => other.getAttribute(name) === does[i]);
  return [...document.getElementsByTagName(element.localName)].filter(same);
}

function focused() {
  const element = document.activeElement;
  return !element || element === document.body ? null : { element, place: alike(element).indexOf(element) };
}

function giveBack(focus) {
  if (focus && document.activeElement === document.body) alike(focus.element)[focus.place]?.focus({ preventScroll: true });
}

document.addEventListener("htmx:beforeSwap", () => (held = focused()));

document.addEventListener("htmx:afterSwap", () => giveBack(held));

// --- Dialogs --------------------------------------------------------------------------------------------------------
// The browser itself keeps the focus inside a modal dialog, closes it by Esc and gives the focus back.
function show(dialog) {
  opener = focused();
  dialog.showModal();
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "dialog") placeToasts(document.body);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.detail.target; // none when a page comes back from the history
  if (dialog?.id === "dialog" && dialog.childElementCount) {
    const title = dialog.querySelector("h2");
    if (title) dialog.setAttribute("aria-label", title.textContent.trim());
    if (dialog.open) (dialog.querySelector("[aria-invalid=true], [autofocus]") ?? dialog.querySelector("input:not([type=hidden])"))?.focus();
    else show(dialog);
    placeToasts();
  }
  refresh();
});

// "close" does not bubble, so it is caught on its way down. What a dialog showed may be secret: it does not stay in the page.
document.addEventListener(
  "close",
  (event) => {
    placeToasts();
    if (event.target.id === "dialog") event.target.replaceChildren();
    giveBack(opener);
  },
  true,
);

function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  for (const other of document.querySelectorAll("dialog[open]")) other.close();
  for (const menu of document.querySelectorAll("[popover]:popover-open")) menu.hidePopover();
  show(dialog);
  dialog.querySelector("input")?.select();
}

// --- Searching ------------------------------------------------------------------------------------------------------
// What is asked for by hand dims the list that it will replace; what a page asks by itself, again and again, does not.
document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig, target } }) => {
  const isList = elt.matches("form[role=search]") || target.querySelector(".table-frame, .matrix-frame");
  if (requestConfig.triggeringEvent && isList) target.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:afterRequest", (event) => event.detail.target.removeAttribute("aria-busy"));

// --- Clicks ---------------------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-open], [data-close], [data-copy], [data-reveal], [data-fill], [data-print]");
  if (!target) return;
  if (target.dataset.open) {
    if (!document.getElementById(target.dataset.open)) return; // still on its way; where it is a link, it leads to a page
    event.preventDefault();
    open(target.dataset.open);
  } else if ("close" in target.dataset) {
    const dialog = target.closest("dialog");
    if (!dialog) return; // on a page of its own it is a link back
    event.preventDefault();
    dialog.close();
  } else if (target.dataset.copy) {
    copy(document.querySelector(target.dataset.copy));
  } else if ("print" in target.dataset) {
    print();
  } else if (target.dataset.fill) {
    const field = document.querySelector(target.dataset.fill);
    field.value = target.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  } else {
    const field = document.querySelector(target.dataset.reveal);
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    target.setAttribute("aria-pressed", String(!shown));
  }
});

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    toast("success", words().textCopied);
  } catch {
    // Browsers give the clipboard to pages over HTTPS only; the old way works everywhere.
    getSelection().selectAllChildren(source);
    if (source.select) source.select();
    const copied = document.execCommand("copy");
    toast(copied ? "success" : "error", copied ? words().textCopied : words().textNotCopied);
  }
}

// --- Fields ---------------------------------------------------------------------------------------------------------
document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches("[data-check-all]")) {
    for (const other of rows(box.form)) other.checked = box.checked;
  }
  if (box.name === "ids" || box.matches("[data-check-all], [data-select-everything]")) refresh();
  if (box.closest("form[data-autosubmit]")) box.form.requestSubmit();
});

document.addEventListener("input", (event) => {
  if (event.target.form?.matches("[data-must-match]")) refresh();
});

// As dashboard.folding, as far as a browser goes: upper case first makes two letters of ß.
const folded = (words) => words.normalize("NFKC").toUpperCase().toLowerCase();

// Of a long list of boxes, those whose words hold what is typed; what is ticked stays in sight.
document.addEventListener("input", (event) => {
  if (!event.target.dataset.filter) return;
  const list = document.querySelector(event.target.dataset.filter);
  const typed = folded(event.target.value.trim());
  for (const label of list.querySelectorAll("label")) {
    const hidden = !folded(label.textContent).includes(typed) && !label.querySelector("input").checked;
    label.parentElement.hidden = hidden;
  }
});

// Who looks for a box does not mean to send the form.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.dataset.filter) event.preventDefault();
});

// What makes something that takes its time is sent once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if ("sent" in form.dataset) event.preventDefault();
  form.dataset.sent = "";
  event.submitter?.setAttribute("aria-busy", "true");
});

// What a form asks while one types is asked no more once it is on its way.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.closest("form[data-sent]")) event.preventDefault();
});

// A page that comes back from the history was not sent; what the browser has ticked and typed there again counts.
addEventListener("pageshow", () => {
  refresh();
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

const rows = (form) => [...form.elements].filter((box) => box.name === "ids");

// As a name is shown: a page draws no more than one space.
const oneLine = (words) => words.trim().replace(/\s+/g, " ");

// Toasts stand above the bar at the foot of the page, however many lines it takes.
const BARS = ".selection-bar, .matrix-bar";
const bars = new ResizeObserver(() => {
  const tallest = Math.max(0, ...[...document.querySelectorAll(BARS)].map((bar) => bar.offsetHeight));
  document.documentElement.style.setProperty("--bar", tallest ? `calc(${tallest}px + 0.5rem)` : "0px");
});

// Brings everything that depends on what is ticked or typed in line with it.
function refresh() {
  for (const bar of document.querySelectorAll(BARS)) bars.observe(bar);
  for (const form of document.querySelectorAll("form[data-selection]")) {
    const boxes = rows(form);
    const chosen = boxes.filter((box) => box.checked).length;
    const all = [...form.elements].find((box) => box.matches("[data-check-all]"));
    const everything = form.querySelector("[data-select-everything]");
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    // "All that match" is offered once the whole page is chosen, and falls with the first box that is taken out again.
    if (everything) {
      everything.closest("label").hidden = chosen < boxes.length;
      if (chosen < boxes.length) everything.checked = false;
    }
    const count = form.querySelector("[data-selection-count]");
    if (count) count.textContent = words().textSelected.replace("{n}", everything?.checked ? everything.dataset.selectEverything : chosen);
  }
  for (const form of document.querySelectorAll("form[data-must-match]")) {
    const typed = form.querySelector("input[type=text]")?.value ?? "";
    const matches = oneLine(typed) === oneLine(form.dataset.mustMatch);
    for (const button of form.querySelectorAll("button:not([type=button], [form])")) button.disabled = !matches;
  }
}

// --- What was typed -------------------------------------------------------------------------------------------------
// A form that comes after the end of the session leads to the sign-in page; one that is refused as a whole, for instance because it was open for
// too long, to an error page. This tab keeps what was typed until then, for the same person and the same page only. Forms of dialogs are left
// out: the page comes back without them. The matrix keeps what is staged by itself.
const TYPED = "foyer-typed";
const MOST_TYPED = 1_100_000; // characters: the longest text that a form takes, and what stands beside it
const CHOICES = ["checkbox", "radio"];
const UNKEPT = ["password", "file", "hidden", "submit", "button", "reset", "image", "fieldset", "output"];
let typedIn = null; // the form that would be lost if this page were left now
let missing = null; // what is to be filled in again

const pageOf = ({ pathname, search }) => pathname + search;

function typed() {
  try {
    return JSON.parse(sessionStorage.getItem(TYPED));
  } catch {
    return null;
  }
}

function keepTyped(what) {
  try {
    if (what) sessionStorage.setItem(TYPED, JSON.stringify(what));
    else sessionStorage.removeItem(TYPED);
  } catch {
    // The browser keeps nothing, or has no room for it: then the sign-in page does not say that it did.
  }
}

function isTyped(form) {
  const isSent = form.getAttribute("method")?.toLowerCase() === "post" || form.hasAttribute("hx-post");
  return isSent && Boolean(words().operator) && !form.closest("dialog") && !form.matches("#staging, #matrix form");
}

// A password that is shown is a text field, too; those that are made up for others always are.
function isKept(field) {
  if (!field.name || field.disabled || field.hidden || UNKEPT.includes(field.type)) return false;
  return !/password/i.test(field.name) && !(field.id && document.querySelector(`[data-reveal="#${CSS.escape(field.id)}"]`));
}

const valueOf = (field) => {
  if (CHOICES.includes(field.type)) return field.checked;
  return field.selectedOptions ? [...field.selectedOptions].map((option) => option.value) : field.value;
};
const choiceOf = (field) => (CHOICES.includes(field.type) ? field.value : null);

// Forms without an id are told by where they lead, and those that lead to one place by their order.
const leadingTo = (action) => [...document.forms].filter((form) => !form.closest("dialog") && form.getAttribute("action") === action);

function remember(form, isAsked = false) {
  const fields = [...form.elements].filter(isKept).map((field) => [field.name, choiceOf(field), valueOf(field)]);
  const length = fields.reduce((sum, [, , value]) => sum + (value.length ?? 0), 0);
  const [id, action] = [form.getAttribute("id"), form.getAttribute("action")];
  const record = { page: pageOf(location), operator: words().operator, id, action, order: leadingTo(action).indexOf(form), fields, isAsked };
  keepTyped(null);
  if (fields.length && length <= MOST_TYPED) keepTyped(record);
}

const formOf = ({ id, action, order }) => (id ? document.getElementById(id) : leadingTo(action)[order]);

document.addEventListener("input", ({ target }) => target.form && isTyped(target.form) && (typedIn = target.form));

document.addEventListener(
  "submit",
  ({ target }) => {
    if (isTyped(target)) remember(target);
    else if (words().operator) keepTyped(null); // on the sign-in page it stays
  },
  true,
);

// What htmx has brought to the server is there. What a page asks by itself may be what leads away from it, while somebody types.
document.addEventListener("htmx:beforeOnLoad", ({ detail: { requestConfig, xhr } }) => {
  const isRedirected = xhr.getResponseHeader("HX-Redirect") !== null;
  if (requestConfig.verb !== "get") {
    // What was refused as a whole is filled in once more when the page is loaded again; a form that came back has it itself.
    const record = xhr.status >= 400 && xhr.status !== 422 ? typed() : null;
    if (!isRedirected) keepTyped(record && { ...record, isWanted: true });
  } else if (isRedirected) {
    const record = typed();
    if (record) keepTyped({ ...record, isAsked: true });
    else if (typedIn?.isConnected) remember(typedIn, true);
  }
});

document.addEventListener("DOMContentLoaded", () => {
  const record = typed();
  if (!record) return;
  const signIn = document.getElementById("sign-in");
  const unsent = document.getElementById("unsent");
  const refused = document.querySelector(".error-page #typed");
  const goal = signIn ? new URL(signIn.elements.next.value, location) : location;
  const isThere = pageOf(goal) === record.page;
  if (signIn && isThere && (record.isWanted || record.isAsked || !unsent.hidden)) {
    keepTyped({ ...record, isWanted: true });
    unsent.hidden = document.getElementById("typed").hidden = false;
  } else if (refused && record.operator === words().operator) {
    keepTyped({ ...record, isWanted: true });
    refused.hidden = false;
  } else if (!signIn && !isThere && record.isWanted && record.operator === words().operator) {
    return; // a page in between, such as that of the recovery codes
  } else if (!signIn && isThere && record.operator === words().operator) {
    if (record.isWanted) missing = record;
    else typedIn = formOf(record) ?? null; // the answer to what was sent, which may be sent again
    if (!missing) keepTyped(null);
  } else {
    keepTyped(null);
  }
});

// Once htmx has come, so that it hears of it; what htmx itself brings a moment later is filled in then.
document.addEventListener("htmx:load", () => {
  const form = missing && formOf(missing);
  if (!form) return;
  keepTyped(null);
  const fields = [...form.elements].filter(isKept);
  const filled = [];
  missing.fields = missing.fields.filter(([name, choice, value]) => {
    const place = fields.findIndex((field) => field.name === name && choiceOf(field) === choice);
    if (place < 0) return true;
    const [field] = fields.splice(place, 1);
    if (fill(field, value)) filled.push(field);
    return false;
  });
  for (const field of filled) {
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    const details = field.closest("details");
    if (details) details.open = true;
  }
  if (filled.length && !missing.isTold) toast("info", words().textTyped);
  missing.isTold ||= filled.length > 0;
  typedIn = form;
});

// Whether that changes anything.
function fill(field, value) {
  if (String(valueOf(field)) === String(value)) return false;
  if (CHOICES.includes(field.type)) field.checked = value;
  else if (field.options) for (const option of field.options) option.selected = value.includes(option.value);
  else field.value = value;
  return String(valueOf(field)) === String(value);
}

// --- Keys -----------------------------------------------------------------------------------------------------------
// Safari's Enter that ends a word of an input method says that none is being composed, but has the number of all such keys.
const isComposing = (event) => event.isComposing || event.keyCode === 229;

document.addEventListener("keydown", (event) => {
  if (isComposing(event)) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    if (!document.getElementById("palette")) return;
    event.preventDefault();
    open("palette");
    return;
  }
  const palette = event.target.closest("#palette");
  if (palette) return paletteKey(event, palette);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const bar = event.target.closest(".selection-bar");
  if (bar && event.key === "Escape") leave(bar);
  if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog")) return;
  if (event.key === "/") {
    const search = document.querySelector("main input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "?") {
    open("help");
  } else if (event.key === ".") {
    goToBar(event);
  }
});

// From a ticked row to what can be done with it, which stands before the table, and back again.
let cameFrom = null;

function goToBar(event) {
  const button = [...document.querySelectorAll(".selection-bar button")].find((one) => one.checkVisibility());
  if (!button) return;
  event.preventDefault();
  if (!event.target.closest(".selection-bar")) cameFrom = event.target;
  button.focus();
}

function leave(bar) {
  const back = cameFrom?.isConnected ? cameFrom : rows(bar).find((box) => box.checked);
  back?.focus();
}

function paletteKey(event, palette) {
  const input = palette.querySelector("input[type=search]");
  const results = palette.querySelector(".palette-results");
  const stops = [input, ...results.querySelectorAll("a")];
  const here = stops.indexOf(event.target);
  if (event.key === "Escape") {
    event.preventDefault(); // a search field would take the first one to empty itself
    palette.close();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    // The first result is already marked while one types, so the first step down goes to the second.
    const step = event.key === "ArrowUp" ? -1 : here === 0 && stops.length > 2 ? 2 : 1;
    stops[Math.min(Math.max(here + step, 0), stops.length - 1)].focus();
  } else if (event.key === "Enter" && here === 0 && results.dataset.query === input.value.trim()) {
    event.preventDefault(); // otherwise the results belong to older words, and the form asks for the right ones as a page
    stops[1]?.click();
  }
}

document.addEventListener("DOMContentLoaded", refresh);

// On a slow line one types before htmx comes, which hears of later letters only: what is there by then is looked for.
document.addEventListener(
  "htmx:load",
  () => {
    for (const form of document.querySelectorAll("form[hx-trigger^=input]")) {
      if ([...form.querySelectorAll("input")].some((field) => field.value !== field.defaultValue)) form.requestSubmit();
    }
  },
  { once: true },
);
