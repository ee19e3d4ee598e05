// Answers as they come. The server draws questions and finished answers; here the words of one that is on its way are put on the page,
// as plain text, once a frame, and then replaced by what the instance has kept. Without this script the worker asks, and the page shows
// the answer when it is loaded again.
"use strict";

(() => {
  const NEAR_END = 120; // px
  const GAP = 12; // px between the composer and the edge of the screen
  const narrow = matchMedia("(width <= 1250px)"); // as in app.css: the sources lie below the conversation
  const LONG = 4000; // characters of a paragraph, after which the next line begins another one
  const TRIES = { done: [0, 1000, 3000], failed: [300], stopped: [700, 1500, 3000, 5000], interrupted: [700, 1500, 3000, 5000] }; // ms
  const GIVEN_UP = 6000; // ms after which the server says so, where nothing had come that this would take away
  const OPEN_EVERY = 3000; // ms between two looks at an answer that somebody else is hearing
  const OPEN_TRIES = 400;
  const streams = new Map(); // article to its view

  const said = (name) => document.getElementById("chat").dataset[name];
  const say = (text) => (document.getElementById("chat-said").textContent = text);

  // --- Words ----------------------------------------------------------------------------------------------------------
  function newView(article, source) {
    const part = (selector) => article.querySelector(selector);
    return { article, source, answer: part(".prose"), thoughts: part(".thoughts"), note: part("[data-note]"), waits: part("[data-waits]"), pending: "", inThought: false, frame: 0, failed: "" };
  }

  // The end is that of the conversation, composer and all; on a narrow page its sources lie below.
  const belowScreen = () => document.querySelector(".talk").getBoundingClientRect().bottom + GAP - innerHeight;
  const nearEnd = () => belowScreen() <= NEAR_END;
  const toEnd = () => scrollBy(0, Math.max(0, Math.ceil(belowScreen())));

  function soon(view) {
    view.frame ||= requestAnimationFrame(() => {
      const follow = nearEnd();
      pour(view);
      if (follow) toEnd();
    });
  }

  // What a model thinks comes between tags, which may be cut anywhere.
  function pour(view) {
    view.frame = 0;
    for (;;) {
      const tag = view.inThought ? "</think>" : "<think>";
      const at = view.pending.indexOf(tag);
      if (at < 0) {
        const held = cutTag(view.pending, tag);
        write(view, view.pending.slice(0, view.pending.length - held));
        view.pending = view.pending.slice(view.pending.length - held);
        return;
      }
      write(view, view.pending.slice(0, at));
      view.pending = view.pending.slice(at + tag.length);
      view.inThought = !view.inThought;
    }
  }

  function cutTag(text, tag) {
    for (let length = Math.min(tag.length - 1, text.length); length; length -= 1) if (text.endsWith(tag.slice(0, length))) return length;
    return 0;
  }

  // A paragraph each, so that a long answer's layout is not made anew with every word. What has none, as code and tables, is parted by lines.
  function write(view, text) {
    if (!text) return;
    if (view.inThought) return think(view, text);
    const isLong = view.answer.lastElementChild?.textContent.length > LONG;
    text.split(isLong ? /\n+/ : /\n{2,}/).forEach((piece, index) => {
      let paragraph = view.answer.lastElementChild;
      if (!paragraph || index) view.answer.append((paragraph = Object.assign(document.createElement("p"), { className: "plain-text" })));
      if (paragraph.lastChild) paragraph.lastChild.appendData(piece);
      else paragraph.append(document.createTextNode(piece));
    });
  }

  function think(view, text) {
    view.thoughts.hidden = false;
    view.thoughts.querySelector("p").append(text);
  }

  // --- Streams --------------------------------------------------------------------------------------------------------
  function listen(article) {
    const source = new EventSource(article.dataset.stream);
    const view = newView(article, source);
    const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
    streams.set(article, view);
    busy();
    say(said("textBegins"));
    toEnd();
    on("chunk", ({ text }) => {
      view.pending += text;
      soon(view);
    });
    on("replace", ({ text }) => {
      view.answer.replaceChildren();
      view.inThought = false;
      view.pending = text;
      soon(view);
    });
    on("thought", ({ text }) => think(view, `${text}\n`));
    on("failed", ({ sentence }) => (view.failed = sentence));
    on("done", ({ state, chat_id: chatId }) => end(view, state, chatId !== null || state !== "done"));
    // A browser would open it again by itself; the question is asked once only.
    source.onerror = () => end(view, "interrupted", true, said("textBroken"));
  }

  function end(view, state, isKept, words = view.failed) {
    if (!streams.delete(view.article)) return;
    view.source.close();
    busy();
    cancelAnimationFrame(view.frame);
    const follow = nearEnd();
    pour(view);
    if (follow) toEnd();
    view.pending = "";
    if (state === "waiting" || state === "taken") return look(view.article, openTries());
    view.waits.hidden = true;
    if (state === "stopped") {
      words ||= said("textStopped");
      view.article.dataset.turn += "?stopped=1"; // a look that does not wait for more
    }
    view.note.textContent = words;
    view.note.hidden = !words;
    say(words || said("textWhole"));
    const tries = TRIES[state] ?? [0];
    if (isKept) look(view.article, view.answer.hasChildNodes() ? tries : [...tries, GIVEN_UP]);
  }

  // Asks for the finished answer, until there is one; whether one has come.
  async function look(article, [wait, ...more]) {
    if (wait === undefined) return;
    await new Promise((done) => setTimeout(done, wait));
    if (!article.isConnected) return;
    const follow = nearEnd();
    await htmx.ajax("GET", article.dataset.turn, { source: article, target: article, swap: "outerHTML" });
    if (article.isConnected) return look(article, more);
    // What had come stays, even where the instance could not keep it.
    const kept = document.getElementById(article.id)?.querySelector(".prose");
    if (kept && !kept.hasChildNodes()) kept.replaceChildren(...article.querySelector(".prose").childNodes);
    if (follow) toEnd();
    return true;
  }

  const lastNote = () => document.querySelector("#exchanges > :last-child .banner")?.textContent.trim();
  const openTries = () => Array(OPEN_TRIES).fill(OPEN_EVERY);

  function busy() {
    const ask = document.getElementById("ask");
    if (!ask) return;
    ask.querySelector("[data-stop]").hidden = !streams.size;
    ask.querySelector(".primary").hidden = streams.size > 0;
  }

  function stop() {
    for (const view of [...streams.values()]) end(view, "stopped", true);
    document.getElementById("ask-text").focus();
  }

  // --- The page -------------------------------------------------------------------------------------------------------
  // Where the sources lie below the conversation they are folded, until one is asked for.
  function fold() {
    const sources = document.querySelector("#sources > details");
    if (sources) sources.open = !narrow.matches;
  }

  function begin() {
    for (const [article, view] of streams) if (!article.isConnected) leave(article, view);
    for (const article of document.querySelectorAll("[data-turn]:not([data-heard])")) {
      article.dataset.heard = "";
      if (article.dataset.stream) listen(article);
      else look(article, openTries()).then((arrived) => arrived && say(lastNote() || said("textWhole")));
    }
    if (document.getElementById("ask")) busy();
  }

  function leave(article, view) {
    view.source.close();
    streams.delete(article);
  }

  function showFiles(input) {
    const list = document.getElementById("ask-files");
    list.replaceChildren(...[...input.files].map((file) => Object.assign(document.createElement("li"), { textContent: file.name })));
    list.hidden = !input.files.length;
  }

  document.addEventListener("DOMContentLoaded", () => {
    // On a phone the conversation comes first; its neighbours are a touch away.
    if (matchMedia("(width <= 760px)").matches) document.querySelector(".neighbours details")?.removeAttribute("open");
    narrow.addEventListener("change", fold);
    fold();
    begin();
    if (document.querySelector(".exchange") && (!location.hash || location.hash === "#end")) toEnd();
  });

  document.addEventListener("htmx:oobAfterSwap", (event) => event.detail.target.id === "sources" && fold());

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, requestConfig, xhr } = event.detail;
    if (target?.id === "chat") fold();
    // What was refused was told, and stays to be mended.
    if (target?.id === "exchanges" && xhr.getResponseHeader("HX-Reswap") !== "none") {
      const ask = document.getElementById("ask");
      if (requestConfig.elt === ask) {
        ask.querySelector("textarea").value = "";
        ask.querySelector("[type=file]").value = "";
        showFiles(ask.querySelector("[type=file]"));
      }
      ask.querySelector("textarea").focus();
    }
    begin();
    const cited = requestConfig?.elt?.dataset?.cites;
    if (cited) {
      const passage = document.getElementById(cited);
      passage?.focus({ preventScroll: true });
      passage?.scrollIntoView({ block: "nearest" });
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-stop]")) stop();
  });

  document.addEventListener("keydown", (event) => {
    if (isComposing(event)) return; // in app.js
    if (event.target.id === "ask-text" && event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!streams.size) event.target.form.requestSubmit();
    } else if (event.key === "Escape" && streams.size && !event.target.closest("dialog")) {
      stop();
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("#ask [type=file]")) showFiles(event.target);
  });

  document.addEventListener("paste", (event) => {
    if (event.target.id !== "ask-text" || !event.clipboardData.files.length) return;
    event.preventDefault();
    const input = event.target.form.querySelector("[type=file]");
    const held = new DataTransfer();
    for (const file of [...input.files, ...event.clipboardData.files]) held.items.add(file);
    input.files = held.files;
    showFiles(input);
  });
})();
