// Adding documents: files are chosen or dropped, judged before a byte is sent, and sent one by one, three at a time. What has arrived is
// the server's, whose rows come with the status that htmx asks for; rows here are only of files that are still to be sent. Without this
// script the form sends all files at once.

const SENDERS = 3;
const SPEAK = 10_000; // ms between two announcements on the way

const at = (id) => document.getElementById(id);
const words = () => at("document-add").dataset;

// What programs and systems leave beside the files that people made, as in adding.py.
const LEFTOVERS = /^(~\$.*|\.~lock\..*|desktop\.ini|thumbs\.db|.*\.tmp)$/i;

let chosen = []; // {file, path, tone, words}: looked at, not sent
let batch = null; // {token, options, entries}, the last one; an entry is {file, path, ticket, row, state, sent (bytes), item (its id here)}
let looking = false; // whether the status is being asked for
let said = 0; // when something was last read out

// --- Words ------------------------------------------------------------------------------------------------------------
const fill = (text, values) => text.replace(/{(\w+)}/g, (_all, name) => values[name]);
const counted = (name, n, more = {}) => fill(words()[`text${name}${n === 1 ? "One" : "Many"}`], { n, ...more });

function size(bytes) {
  const [unit, amount] = bytes < 2 ** 20 ? ["kilobyte", bytes / 2 ** 10] : ["megabyte", bytes / 2 ** 20];
  const places = unit === "megabyte" && amount < 10 ? 1 : 0;
  const style = { style: "unit", unit, minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(bytes && Math.max(amount, 1));
}

// Not every row's every step is read out: how it stands from time to time, and the end.
function say(text, end) {
  const now = Date.now();
  if (!text || at("add-said").textContent === text || (!end && now - said < SPEAK)) return;
  said = now;
  at("add-said").textContent = text;
}

const opener = () => document.querySelector("[data-choose=add-files]") ?? at("add-files");

// --- Choosing ---------------------------------------------------------------------------------------------------------
function judge(file) {
  const { mostBytes, accepted, textTooLarge, textEmpty, textHidden, textLeftover, textRtf, textAsText } = words();
  const ending = /\.[^.]+$/.exec(file.name.toLowerCase())?.[0] ?? "";
  if (file.name.startsWith(".")) return ["error", textHidden];
  if (LEFTOVERS.test(file.name)) return ["error", textLeftover];
  if (file.size > Number(mostBytes)) return ["error", textTooLarge];
  if (!file.size) return ["error", textEmpty];
  if (ending === ".rtf") return ["warn", textRtf];
  if (accepted && !accepted.split(" ").includes(ending)) return ["warn", textAsText];
  return ["quiet", ""];
}

// Of files with one name the path is part of the name, so that they can be told apart.
function nameOf(entry, among) {
  const isDouble = among.some((other) => other.file !== entry.file && other.file.name === entry.file.name);
  return isDouble ? entry.path : entry.file.name;
}

const sendable = () => chosen.filter((entry) => entry.tone !== "error");
const same = (one, other) => one.path === other.path && one.file.size === other.file.size && one.file.lastModified === other.file.lastModified;

function choose(found) {
  const room = Number(words().mostFiles) - (isSending() ? batch.entries.length : 0);
  for (const [file, path] of found) {
    const entry = { file, path };
    [entry.tone, entry.words] = judge(file);
    if (chosen.some((other) => same(entry, other))) continue;
    if (entry.tone !== "error" && sendable().length >= room) [entry.tone, entry.words] = ["error", words().textTooMany];
    chosen.push(entry);
  }
  for (const input of at("document-add").querySelectorAll("input[type=file]")) input.value = "";
  showChosen();
  at("add-choice").scrollIntoView({ block: "nearest" });
}

function showChosen() {
  const able = sendable();
  at("document-add").dataset.step = chosen.length ? "chosen" : "";
  for (const button of document.querySelectorAll("[data-choose=add-files], label:has(#add-files)")) button.classList.toggle("primary", !chosen.length);
  at("add-progress").hidden = !batch;
  at("add-chosen").replaceChildren(...chosen.map(chosenRow));
  const left = chosen.length - able.length;
  const bytes = able.reduce((sum, entry) => sum + entry.file.size, 0);
  at("add-count").textContent = `${counted("Files", able.length)} · ${size(bytes)}${left ? ` · ${counted("Left", left)}` : ""}`;
  at("add-send").textContent = counted("Add", able.length);
  at("add-send").disabled = !able.length;
}

function chosenRow(entry) {
  const row = newRow(entry);
  const remove = row.querySelector("button");
  if (entry.words) row.querySelector(".state").append(mark(entry.tone, entry.words));
  remove.addEventListener("click", () => {
    const place = chosen.indexOf(entry);
    chosen.splice(place, 1);
    showChosen();
    (at("add-chosen").children[Math.min(place, chosen.length - 1)]?.querySelector("button") ?? opener()).focus();
  });
  return row;
}

function newRow({ file, path }) {
  const row = at("add-row").content.firstElementChild.cloneNode(true);
  row.querySelector(".name").textContent = path;
  row.querySelector(".size").textContent = size(file.size);
  row.querySelector("button").lastElementChild.textContent = path;
  return row;
}

function mark(tone, text) {
  const made = document.createElement("small");
  made.dataset.tone = tone;
  made.textContent = text;
  return made;
}

// Folders come from a drop as entries, which are read piece by piece.
async function filesOf(entry, above = "") {
  if (entry.isFile) return [[await new Promise((done, fail) => entry.file(done, fail)), above + entry.name]];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return found;
    for (const one of some) found.push(...(await filesOf(one, `${above}${entry.name}/`)));
  }
}

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("#document-add input[type=file]")) return;
  choose([...input.files].map((file) => [file, file.webkitRelativePath || file.name]));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-choose]");
  if (!link || !at("document-add")) return;
  event.preventDefault();
  at(link.dataset.choose).click();
});

// --- Dropping: anywhere on the page -----------------------------------------------------------------------------------
const brings = (event) => at("document-add") && event.dataTransfer?.types.includes("Files") && !document.querySelector("dialog[open]");
let inside = 0; // elements entered and not left

document.addEventListener("dragenter", (event) => {
  if (!brings(event)) return;
  inside += 1;
  at("add-drop").hidden = false;
});

document.addEventListener("dragover", (event) => {
  if (brings(event)) event.preventDefault();
});

document.addEventListener("dragleave", (event) => {
  if (!brings(event)) return;
  inside -= 1;
  if (!inside) at("add-drop").hidden = true;
});

document.addEventListener("drop", async (event) => {
  if (!brings(event)) return;
  event.preventDefault();
  inside = 0;
  at("add-drop").hidden = true;
  // All are asked for at once: after the first pause the browser has forgotten what was dropped.
  // What another program brings, and not a disk, has no entry.
  const dropped = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile()).filter(Boolean);
  const found = await Promise.all(dropped.map((one) => (one instanceof File ? [[one, one.name]] : filesOf(one))));
  choose(found.flat());
});

// --- Sending ----------------------------------------------------------------------------------------------------------
const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const entriesIn = (...states) => (batch?.entries ?? []).filter((entry) => states.includes(entry.state));
const isSending = () => entriesIn("waiting", "sending").length > 0;

// The form has been looked at, and the password given where files are to be replaced. What is chosen while a batch is being sent goes
// with it, and where it goes.
document.addEventListener("documents-begin", () => {
  at("dialog").close();
  if (!isSending()) {
    batch = { token: random(), options: new FormData(at("add-choice")), entries: [] };
    at("add-status").replaceWith(Object.assign(document.createElement("section"), { id: "add-status" })); // no more asking for the last one
    at("add-sending").replaceChildren();
  } else {
    batch.options.set("replaces", new FormData(at("add-choice")).get("replaces"));
  }
  const going = sendable();
  const named = going.map((entry) => ({ ...entry, name: nameOf(entry, [...batch.entries, ...going]) }));
  for (const { file, path, name } of named) {
    const entry = { file, path, name, ticket: random(), state: "waiting", sent: 0, item: null };
    entry.row = newRow(entry);
    entry.row.querySelector("button").hidden = true;
    show(entry);
    at("add-sending").append(entry.row);
    batch.entries.push(entry);
  }
  chosen = [];
  showChosen();
  at("add-sent").focus();
  pump();
});

// What would be replaced is asked for by the names under which the files are to be known.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt.id !== "add-choice") return;
  detail.formData.delete("files");
  const going = sendable();
  for (const entry of going) detail.formData.append("filenames", nameOf(entry, [...(isSending() ? batch.entries : []), ...going]));
});

document.addEventListener("reset", (event) => {
  if (event.target.id !== "add-choice") return;
  chosen = [];
  showChosen();
  opener().focus();
});

function pump() {
  for (const entry of entriesIn("waiting").slice(0, SENDERS - entriesIn("sending").length)) send(entry);
  tell();
}

function send(entry) {
  const body = new FormData();
  for (const [name, value] of batch.options) if (name !== "files") body.append(name, value);
  body.append("batch", batch.token);
  body.append("ticket", entry.ticket);
  body.append("name", entry.name);
  body.append("files", entry.file, entry.file.name);
  const request = new XMLHttpRequest();
  request.open("POST", words().urlFile);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    entry.sent = total ? (loaded / total) * entry.file.size : 0;
    show(entry);
    tell();
  });
  request.addEventListener("loadend", () => {
    const answer = answerOf(request);
    if (answer.item) arrived(entry, answer);
    else stop(entry, answer.sentence);
    pump();
  });
  entry.state = "sending";
  show(entry);
  request.send(body);
}

// Anything but the id of its item is a page that says in words why not; a sign-in page says nothing of the file.
function answerOf(request) {
  if (!request.status) return { sentence: words().textNoAnswer };
  if (request.getResponseHeader("Content-Type") === "application/json") return JSON.parse(request.responseText);
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  // Foyer's own refusals say why. What does not is of the proxy in front: too large for it, or it got no answer.
  const bare = { 413: document.body.dataset.textProxy, 502: words().textNoAnswer, 504: words().textNoAnswer }[request.status];
  return { sentence: page.querySelector("[data-sentence]")?.textContent.trim() || bare || words().textNotTaken };
}

function arrived(entry, { item, url }) {
  Object.assign(entry, { state: "arrived", item, sent: entry.file.size });
  show(entry);
  batch.url = url;
  if (location.pathname === words().urlPage) history.replaceState(history.state, "", url);
  look();
}

// The status asks for itself while its job runs. When it has not begun, or ended before this file came, it is asked for here.
function look() {
  if (looking || at("add-status").hasAttribute("hx-get") || !entriesIn("arrived").some((entry) => entry.row.isConnected)) return;
  looking = true;
  htmx.ajax("GET", batch.url, { target: "#add-status", swap: "outerHTML" }).finally(() => {
    looking = false;
    setTimeout(look, 1000);
  });
}

function stop(entry, sentence) {
  Object.assign(entry, { state: "stopped", sent: 0 });
  const button = entry.row.querySelector("button");
  button.hidden = false;
  button.replaceChildren(words().textAgain, button.lastElementChild);
  button.onclick = () => sendAgain(entry);
  show(entry, mark("error", sentence));
}

function sendAgain(...entries) {
  for (const entry of entries) {
    entry.row.querySelector("button").hidden = true;
    entry.state = "waiting";
    show(entry);
  }
  pump();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#add-again")) sendAgain(...entriesIn("stopped"));
});

function show(entry, note) {
  const share = entry.file.size ? Math.round((100 * entry.sent) / entry.file.size) : 100;
  const bar = Object.assign(document.createElement("progress"), { max: 100, value: share, ariaLabel: entry.path });
  const text = { waiting: words().textWaiting, sending: fill(words().textSending, { n: share }), arrived: words().textArrived }[entry.state];
  entry.row.querySelector(".state").replaceChildren(...(note ? [note] : entry.state === "sending" ? [bar, text] : [text]));
}

// How far the sending is. What becomes of the files is told by the status below.
function tell() {
  const stopped = entriesIn("stopped").length;
  const left = entriesIn("waiting", "sending").length;
  const total = batch.entries.reduce((sum, entry) => sum + entry.file.size, 0);
  const sent = batch.entries.reduce((sum, entry) => sum + entry.sent, 0);
  const share = total ? Math.floor((100 * sent) / total) : 100;
  at("add-sent").hidden = !left && !stopped;
  at("add-sent").querySelector("progress").value = share;
  at("add-sent").querySelector("progress").hidden = !left;
  at("add-again").hidden = left > 0 || stopped < 2;
  at("add-sent-words").textContent = left ? counted("ToSend", left, { share }) : counted("Stopped", stopped);
}

// A row of ours goes as soon as the server has it among its own.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id !== "add-status") return;
  for (const entry of entriesIn("arrived")) if (at(`add-item-${entry.item}`)) entry.row.remove();
  const [ready, left] = [at("add-ready"), at("add-sending")?.childElementCount];
  if (ready && left) ready.textContent = fill(words().textReady, { ready: ready.dataset.ready, total: Number(ready.dataset.total) + left });
  const ended = !at("add-status").hasAttribute("hx-get") && !isSending();
  at("add-close")?.toggleAttribute("hidden", !ended);
  say(at("add-summary")?.textContent.trim(), ended);
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("#add-close")) return;
  batch = null;
  at("add-close").hidden = true;
  at("add-sending").replaceChildren();
  showChosen();
  opener().focus();
});

window.addEventListener("beforeunload", (event) => {
  if (isSending()) event.preventDefault();
});

// A page that comes back from the history is as it was when one left it.
document.addEventListener("htmx:historyRestore", () => {
  if (!at("document-add")) return;
  showChosen();
  at("add-sending").replaceChildren(...entriesIn("waiting", "sending", "stopped").map((entry) => entry.row));
});
