/* The staff pages. Speaks no word of its own: every sentence comes from a data attribute of a template. */
(() => {
  "use strict";
  const $ = (selector, within = document) => (selector ? within.querySelector(selector) : null);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const body = document.body;
  const set = body.dataset;
  const on = (name, act, options) => document.addEventListener(name, act, options);
  // An Enter that commits Chinese from the input method belongs to the input method.
  const composing = (event) => event.isComposing || event.keyCode === 229;
  const editable = (el) => el.matches("textarea,select,[contenteditable],input:not([type=checkbox],[type=radio],[type=button],[type=submit])");
  const visible = (el) => el.offsetParent !== null && !el.disabled;
  // Answers to a script are answers to htmx: a session that is no more is told by a header, not by a page.
  const headers = () => ({ "HX-Request": "true", ...JSON.parse(body.getAttribute("hx-headers") || "{}") });
  const clock = () => new Date().toLocaleTimeString("zh-CN", { hour12: false });
  const busy = () => document.hidden || $("dialog[open],details.menu[open],details.dropdown[open]");
  const fire = (el, name) => el.dispatchEvent(new Event(name, { bubbles: true }));
  const reach = (el) => {
    if (!el) return;
    el.focus();
    if (el.select && el.type !== "radio") el.select();
  };
  let lastActive = Date.now();
  // Of use without a script only; as the first of its form it would also answer to Enter in every box.
  $$("button.no-js").forEach((button) => (button.disabled = true));
  if ($(".phrases")) $$("[data-phrases-for]").forEach((button) => (button.hidden = false));

  /* Finder: a combobox after the ARIA practices. */
  const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
  const inputOf = (list) => $(`[data-finder][aria-controls="${list.id}"]`);
  const chosen = (list) => $("[role=option][aria-selected=true]", list);
  function choose(input, list, option) {
    $$("[role=option]", list).forEach((one) => one.setAttribute("aria-selected", one === option));
    if (!option) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
  function step(input, list, by) {
    const options = $$("[role=option]", list).filter((one) => !one.hidden);
    if (!options.length) return;
    const at = options.indexOf(chosen(list));
    choose(input, list, options[(at + by + options.length) % options.length]);
  }
  function openList(input, list, open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", open);
    if (!open) input.removeAttribute("aria-activedescendant");
  }
  function pick(input, option) {
    const { value, label, href } = option.dataset;
    const target = $(input.dataset.finderValue);
    if (label) input.value = label;
    input.shown = input.value;
    input.wanted = false;
    if (target && value !== undefined) {
      target.value = value;
      fire(target, "change");
    }
    fire(option, "pick");
    openList(input, listOf(input), false);
    if (href) location.assign(href);
    else reach($(input.dataset.finderNext));
  }
  // Nobody is found: what was typed stays as the place, and the work moves on.
  function accept(input) {
    const target = $(input.dataset.finderValue);
    if (!target || !input.value.trim()) return;
    target.value = "";
    fire(target, "change");
    openList(input, listOf(input), false);
    reach($(input.dataset.finderNext));
  }
  function finderKey(event, input) {
    const list = listOf(input);
    const isOpen = !list.hidden && list.children.length > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) step(input, list, event.key === "ArrowDown" ? 1 : -1);
      else if (list.children.length) openList(input, list, true);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      // Never pick from a list that answers an older question: wait for the one on its way.
      const stale = input.value.trim() && input.value !== input.shown;
      const kept = stale && input.asked === undefined && input.value === input.defaultValue && $(input.dataset.finderValue);
      if (kept) {
        event.preventDefault();
        reach($(input.dataset.finderNext));
      } else if (stale) {
        event.preventDefault();
        input.wanted = true;
      } else if (isOpen && chosen(list)) {
        event.preventDefault();
        pick(input, chosen(list));
      } else if (!input.closest("[role=search]")) {
        event.preventDefault();
        if (!chosen(list)) accept(input);
      }
    } else if (event.key === "Escape") {
      if (isOpen) {
        event.preventDefault();
        openList(input, list, false);
      } else if (input.value && !input.closest("dialog")) {
        event.preventDefault();
        input.value = "";
        fire(input, "input");
      }
    }
  }
  on("htmx:configRequest", (event) => {
    const { triggeringEvent, headers } = event.detail;
    // A page that looks again by itself is no sign of a person at the desk.
    if (triggeringEvent && triggeringEvent.type === "poll") headers["X-Background"] = "1";
    if (event.target.matches("[data-finder]")) event.target.asked = event.target.value;
  });
  function finderAnswered(list) {
    const input = inputOf(list);
    if (!input) return;
    input.shown = input.asked;
    const first = $("[role=option]", list);
    const open = list.children.length > 0 && document.activeElement === input;
    openList(input, list, open);
    choose(input, list, first);
    if (!open) input.removeAttribute("aria-activedescendant");
    if (input.wanted && input.value === input.shown) {
      input.wanted = false;
      if (first) pick(input, first);
      else accept(input);
    }
  }
  on("focusout", (event) => {
    const input = event.target;
    if (input.matches("[data-finder]") && !input.closest("dialog")) openList(input, listOf(input), false);
    if (input.dataset.phrases) closePhrases(input);
  });
  on("mousedown", (event) => {
    if (event.target.closest("[role=option]")) event.preventDefault();
  });

  /* Phrases: ;; in a text box opens the list, what follows narrows it. */
  // The second of the pair is the full-width one of a Chinese input method.
  const PHRASE = /[;\uff1b]{2}([^;\uff1b\n]{0,12})$/;
  const phrasesOf = (box) => $(box.dataset.phrases);
  function closePhrases(box) {
    const list = phrasesOf(box);
    if (list) list.hidden = true;
    box.removeAttribute("aria-activedescendant");
  }
  // While an input method composes, the box holds its letters (n'h): they narrow the list as a shortcut does.
  function phrasesTyped(box) {
    const list = phrasesOf(box);
    if (!list) return;
    const found = box.value.slice(0, box.selectionStart).match(PHRASE);
    if (!found) box.waved = false;
    const typed = found ? found[1].toLowerCase().replace(/['\s]/g, "") : "";
    // Letters begin a shortcut or a word; Chinese stands anywhere.
    const sought = /^[\x21-\x7e]/.test(typed) ? ` ${typed}` : typed;
    const options = $$("[role=option]", list);
    options.forEach((one) => (one.hidden = !` ${one.textContent.toLowerCase()}`.includes(sought)));
    const left = options.filter((one) => !one.hidden);
    if (!found || box.waved || !left.length) return closePhrases(box);
    if (list.previousElementSibling !== box) box.after(list);
    list.hidden = false;
    choose(box, list, left.find((one) => typed && one.dataset.code.startsWith(typed)) || left[0]);
  }
  function phrasePicked(box, option) {
    const before = box.value.slice(0, box.selectionStart).replace(PHRASE, "");
    box.setRangeText(option.dataset.phrase, before.length, box.selectionStart, "end");
    closePhrases(box);
    box.focus();
    fire(box, "input");
  }
  function phraseKey(event, box) {
    const list = phrasesOf(box);
    if (!list || list.hidden) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(box, list, event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && chosen(list)) phrasePicked(box, chosen(list));
    else if (event.key === "Escape") {
      // Closed by hand it stays closed until the next pair is typed.
      box.waved = true;
      closePhrases(box);
    } else return false;
    event.preventDefault();
    return true;
  }
  function askPhrases(box) {
    box.focus();
    box.waved = false;
    box.setRangeText(";;", box.selectionStart, box.selectionEnd, "end");
    fire(box, "input");
  }
  function insert(button) {
    const box = $(button.dataset.into);
    if (!box) return;
    const at = box.selectionStart ?? box.value.length;
    box.setRangeText(button.dataset.insert, at, box.selectionEnd ?? at, "end");
    box.focus();
    fire(box, "input");
  }

  /* Digits: a number key picks the radio of that place and the work moves on. */
  function digitKey(event) {
    const group = event.target.closest("div.digits,[data-digits]");
    if (!group || event.target.type !== "radio" || !/^\d$/.test(event.key)) return false;
    const radios = $$("input[type=radio]", group);
    const radio = radios[event.key === "0" ? 9 : Number(event.key) - 1];
    if (!radio) return false;
    event.preventDefault();
    if (!radio.checked) {
      radio.checked = true;
      fire(radio, "input");
      fire(radio, "change");
    }
    reach($(group.dataset.next) || nextField(radios[radios.length - 1]));
    return true;
  }
  function nextField(el) {
    if (!el.form) return null;
    const rest = [...el.form.elements].filter((one) => one.type !== "hidden" && one.tagName !== "FIELDSET" && one.tagName !== "OUTPUT" && visible(one));
    const next = rest[rest.indexOf(el) + 1];
    if (next && next.type === "radio") return rest.find((one) => one.name === next.name && one.checked) || next;
    return next;
  }

  /* Keys that work everywhere. */
  const saveForm = () => $("dialog[open] form[data-save]") || $("form[data-save]");
  function functionKey(event) {
    if (event.key === "F2") {
      const here = $("[data-intake-focus]");
      if (here) reach(here);
      else if (set.intakeUrl) location.assign(set.intakeUrl);
    } else if (event.key === "F8" || event.key === "F9") {
      const form = saveForm();
      if (!form) return false;
      const own = [...form.elements].filter((one) => one.type === "submit" && visible(one));
      const button = own.find((one) => one.matches("[data-save-print]") === (event.key === "F9"));
      if (event.key === "F9" && !button) return false;
      form.requestSubmit(button || undefined);
    } else return false;
    event.preventDefault();
    return true;
  }
  function openPalette() {
    const palette = $("#palette");
    if (!palette || $("#lock[open]")) return;
    if (!palette.open) palette.showModal();
    reach($("#palette-q"));
  }
  function letterKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || editable(event.target) || $("dialog[open]")) return;
    if (event.key === "?") return $("#keys") && $("#keys").showModal();
    if (set.letterKeys !== "on") return;
    if (event.key === "j" || event.key === "k") {
      const rows = $$("[data-row]").filter(visible);
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      const row = rows[Math.min(rows.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
      if (row) ($("a,button,input", row) || row).focus();
      return event.preventDefault();
    }
    const target = $$(`[data-key="${CSS.escape(event.key)}"]`).find(visible);
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.click();
  }
  on("keydown", (event) => {
    lastActive = Date.now();
    const target = event.target;
    if (composing(event) || !target.matches) return;
    if (functionKey(event)) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return openPalette();
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && target.form) {
      event.preventDefault();
      return target.form.requestSubmit();
    }
    // In a table of numbers Enter goes to the next one, as in a spreadsheet; the last one saves.
    if (event.key === "Enter" && target.matches("form[data-enter-next] input.num")) {
      const numbers = $$("input.num", target.form);
      const next = numbers[numbers.indexOf(target) + 1];
      if (!next) return;
      event.preventDefault();
      return reach(next);
    }
    if (target.dataset.phrases && phraseKey(event, target)) return;
    if (target.matches("[data-finder]")) return finderKey(event, target);
    if (digitKey(event)) return;
    if (event.key === "Escape") {
      const menu = target.closest("details.menu[open],details.dropdown[open]");
      if (menu) {
        menu.open = false;
        return $("summary", menu).focus();
      }
    }
    letterKey(event);
  });

  /* Clicks. */
  let lastTick = null;
  on("click", (event) => {
    const target = event.target;
    lastActive = Date.now();
    $$("details.menu[open],details.dropdown[open]").forEach((menu) => {
      if (!menu.contains(target)) menu.open = false;
    });
    const option = target.closest("[role=option]");
    if (option) {
      const list = option.closest("[role=listbox]");
      const input = inputOf(list);
      if (input) return pick(input, option);
      const box = list.previousElementSibling;
      if (box && box.dataset.phrases) return phrasePicked(box, option);
    }
    const message = target.closest("a[data-read]");
    if (message) {
      const read = fetch(message.dataset.read, { method: "POST", headers: headers(), keepalive: true });
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const go = () => location.assign(message.href);
      return read.then(go, go);
    }
    if (target.matches("[data-palette-opener]")) return openPalette();
    const phrases = target.closest("[data-phrases-for]");
    if (phrases) return askPhrases($(phrases.dataset.phrasesFor));
    const inserter = target.closest("[data-insert]");
    if (inserter) return insert(inserter);
    const opener = target.closest("[data-dialog]");
    const dialog = opener && $(opener.dataset.dialog);
    if (dialog && dialog.showModal) {
      event.preventDefault();
      const menu = opener.closest("details[open]");
      if (menu) menu.open = false;
      return dialog.showModal();
    }
    if (target.closest("[data-close]")) return target.closest("dialog").close();
    if (target.closest("[data-fullscreen]")) return document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    const pause = target.closest("[data-poll-toggle]");
    if (pause) {
      paused = !paused;
      pause.setAttribute("aria-pressed", paused);
    }
    const tick = target.matches("[data-bulk] input[type=checkbox][name=pick]") && target;
    if (tick) {
      const boxes = $$("input[name=pick]", tick.form);
      if (event.shiftKey && lastTick && lastTick.form === tick.form) {
        const [from, to] = [boxes.indexOf(lastTick), boxes.indexOf(tick)].sort((a, b) => a - b);
        boxes.slice(from, to + 1).forEach((box) => (box.checked = tick.checked));
      }
      lastTick = tick;
      countTicks(tick.form);
    }
  });

  /* Ticked rows: a bar with their number; ticks outlive a swap because they are kept by id. */
  const ticked = new Set();
  function countTicks(form) {
    const boxes = $$("input[name=pick]", form);
    boxes.forEach((box) => (box.checked ? ticked.add(box.id) : ticked.delete(box.id)));
    const n = boxes.filter((box) => box.checked).length;
    const bar = $("[data-bulk-bar]", form);
    if (bar) {
      bar.hidden = !n;
      const count = $("[data-bulk-count]", bar);
      if (count) count.textContent = count.dataset.text.replace("{n}", n);
    }
    const all = $("[data-bulk-all]", form);
    if (all) {
      all.checked = n > 0 && n === boxes.length;
      all.indeterminate = n > 0 && n < boxes.length;
    }
  }
  function restoreTicks() {
    $$("form[data-bulk]").forEach((form) => {
      $$("input[name=pick]", form).forEach((box) => {
        if (ticked.has(box.id)) box.checked = true;
      });
      countTicks(form);
    });
  }
  on("change", (event) => {
    const el = event.target;
    if (el.matches("[data-bulk-all]")) {
      $$("input[name=pick]", el.form).forEach((box) => (box.checked = el.checked));
      countTicks(el.form);
    }
    if (el.dataset.checkAll) $$("input[type=checkbox]", $(el.dataset.checkAll)).forEach((box) => (box.checked = el.checked));
    if (el.hasAttribute("data-submit-on-change")) el.form.requestSubmit();
  });

  /* Typing: phrases, drafts, the intake timer, who is writing. */
  let lastEdit = 0;
  on("input", (event) => {
    const el = event.target;
    lastActive = Date.now();
    if (el.dataset.phrases) phrasesTyped(el);
    if (!el.form) return;
    el.form.unsaved = true;
    if (el.form.hasAttribute("data-edits")) lastEdit = Date.now();
    startTimers(el.form);
  });
  function startTimers(form) {
    $$("[data-timer]").forEach((timer) => {
      const field = $(timer.dataset.timerInput);
      if (form.contains(timer) || (field && field.form === form)) timer.since = timer.since || Date.now();
    });
  }
  function showTimers() {
    $$("[data-timer]").forEach((timer) => {
      if (!timer.since) return;
      const seconds = Math.round((Date.now() - timer.since) / 1000);
      timer.textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
      const field = $(timer.dataset.timerInput);
      if (field) field.value = seconds;
    });
  }
  async function saveDraft(form, keepalive = false) {
    if (!form.unsaved || form.saving || form.sentAt) return;
    form.unsaved = false;
    form.saving = true;
    const { autosave, autosaveTarget, autosaveText, autosaveFailed } = form.dataset;
    const note = $(autosaveTarget);
    const data = new FormData(form);
    [...data].forEach(([name, value]) => value instanceof File && data.delete(name));
    try {
      const answer = await fetch(autosave, { method: "POST", body: data, headers: headers(), keepalive });
      if (answer.status === 401) turnedAway(answer);
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      if ((answer.headers.get("Content-Type") || "").includes("json"))
        Object.entries(await answer.json()).forEach(([name, value]) => {
          if (form.elements[name]) form.elements[name].value = value;
        });
      if (note && autosaveText) note.textContent = autosaveText.replace("{time}", clock());
    } catch {
      form.unsaved = true;
      if (note && autosaveFailed) note.textContent = autosaveFailed.replace("{time}", clock());
    }
    form.saving = false;
  }
  const saveDrafts = (keepalive) => $$("form[data-autosave]").forEach((form) => saveDraft(form, keepalive));
  setInterval(() => saveDrafts(false), 5000);

  function ping() {
    if (document.hidden) return;
    const state = Date.now() - lastEdit < 60000 ? "editing" : "viewing";
    $$("[data-presence]").forEach((el) => htmx.ajax("POST", el.dataset.presence, { source: el, target: el, swap: "innerHTML", values: { state }, headers: { "X-Background": "1" } }));
  }
  setInterval(ping, 20000);

  /* Looking again: every 3 seconds for a minute after somebody moved, then once a minute. */
  let paused = false;
  let lastPoll = Date.now();
  function poll() {
    const now = Date.now();
    const wait = now - lastActive < 60000 ? 3000 : 60000;
    if (paused || busy() || now - lastPoll < wait) return;
    lastPoll = now;
    htmx.trigger(body, "poll");
  }
  ["pointerdown", "wheel", "touchstart"].forEach((name) => on(name, () => (lastActive = Date.now()), { passive: true }));
  on("visibilitychange", () => {
    if (document.hidden) return saveDrafts(true);
    lastActive = Date.now();
    ping();
  });

  /* The count in the title, the red favicon, and what is said aloud once. */
  const title = document.title;
  const said = new Map();
  function announce() {
    const counter = $("[data-title-count]");
    const icon = $("#favicon");
    if (counter) {
      const n = Number(counter.dataset.titleCount);
      document.title = n ? `(${n}) ${title}` : title;
      icon.href = n ? icon.dataset.alarm : icon.dataset.calm;
    }
    $$("[data-say]").forEach((el) => {
      const words = el.dataset.say;
      if (said.has(el.id) && said.get(el.id) !== words && words) $("#live").textContent = words;
      said.set(el.id, words);
    });
  }

  /* Idle: a password box over the same page. Movement in any tab of this browser counts for all of them. */
  const lock = $("#lock");
  const idle = Number(set.idleSeconds) * 1000;
  let locked = false;
  let ended = false;
  let before = null;
  const leadsOut = (answer) => Boolean(set.loginUrl) && new URL(answer.url || answer.responseURL || "", location).pathname === set.loginUrl;
  function shut(tell, over) {
    if (!lock) return;
    if (over && !ended) {
      ended = true;
      $("#lock-error").textContent = $("#lock-error").dataset.ended;
    }
    if (locked) return;
    locked = true;
    before = document.activeElement;
    saveDrafts(true);
    $$("dialog[open]").forEach((dialog) => dialog.close());
    lock.showModal();
    $("#lock-password").focus();
    if (tell && set.lockUrl) fetch(set.lockUrl, { method: "POST", headers: headers() }).catch(() => {});
  }
  function unshut() {
    locked = ended = false;
    lastActive = Date.now();
    localStorage.setItem("active", lastActive);
    $("#lock-password").value = "";
    $("#lock-error").textContent = "";
    lock.close();
    if (before) before.focus();
  }
  // An answer of 401 says why: nobody has used the page for a while, or nobody is signed in.
  const turnedAway = (answer) => shut(false, answer.headers.get("HX-Trigger") === "ended");
  // Answers whether the session is alive; a new session also has a new token, which every form of the page then needs.
  async function alive() {
    const answer = await fetch(set.aliveUrl, { headers: { ...headers(), "X-Background": "1" }, signal: AbortSignal.timeout(8000) });
    if (answer.status === 401) {
      turnedAway(answer);
      return false;
    }
    const token = answer.headers.get("X-CSRFToken");
    if (token) {
      body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
      $$("[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
    }
    return true;
  }
  const letGo = (form) => {
    form.sentAt = 0;
    $$("[aria-disabled]", form).forEach((button) => button.removeAttribute("aria-disabled"));
  };
  // A form with words in it asks first whether the session is alive: the sign-in page would swallow them.
  function askFirst(event) {
    const form = event.target;
    if (!lock || form.isAsked || form.method !== "post" || !form.matches("[data-edits],[data-save],[data-outbox]")) return false;
    event.preventDefault();
    // A key that is pressed twice asks once and sends once.
    if (form.isAsking) return true;
    form.isAsking = true;
    alive()
      .then((is) => {
        letGo(form);
        if (!is) return;
        form.isAsked = true;
        form.requestSubmit(event.submitter && event.submitter.form === form ? event.submitter : undefined);
        form.isAsked = false;
        form.sentAt = Date.now();
      })
      .catch(() => {
        letGo(form);
        offline.hidden = false;
        if (form.dataset.outbox) document.dispatchEvent(new CustomEvent("outbox", { detail: form }));
      })
      .finally(() => (form.isAsking = false));
    return true;
  }
  function watchIdle() {
    if (!idle || locked) return;
    const elsewhere = Number(localStorage.getItem("active")) || 0;
    if (lastActive > elsewhere + 5000) localStorage.setItem("active", lastActive);
    if (Date.now() - Math.max(lastActive, elsewhere) > idle) shut(true);
  }
  if (lock) {
    lock.addEventListener("cancel", (event) => event.preventDefault());
    lock.addEventListener("close", () => locked && lock.showModal());
    on("locked", () => shut(false));
    on("ended", () => shut(false, true));
    // A page of the same person that opens in another tab says that they are signed in and not locked out.
    const name = $("[name=username]", lock).value;
    localStorage.setItem("unlocked", `${name} ${Date.now()}`);
    window.addEventListener("storage", (event) => {
      if (event.key !== "unlocked" || !locked || !(event.newValue || "").startsWith(`${name} `)) return;
      if (!ended) return unshut();
      alive().then((is) => is && unshut(), () => {});
    });
    on("htmx:beforeSwap", (event) => {
      if (!leadsOut(event.detail.xhr)) return;
      event.detail.shouldSwap = false;
      shut(false, true);
    });
    on("submit", async (event) => {
      if (!event.target.matches("[data-unlock]")) return;
      event.preventDefault();
      const error = $("#lock-error");
      try {
        const answer = await fetch(event.target.action, { method: "POST", body: new FormData(event.target), headers: headers() });
        if (answer.ok) {
          localStorage.setItem("unlocked", `${name} ${Date.now()}`);
          unshut();
        } else {
          ended = ended || answer.status === 401 || answer.status === 403;
          error.textContent = ended ? error.dataset.ended : answer.status === 429 ? error.dataset.often : error.dataset.wrong;
        }
      } catch {
        error.textContent = error.dataset.down;
      }
      letGo(event.target);
      if (locked) reach($("#lock-password"));
    });
  }

  /* The line: down, up, refused. */
  const offline = $("#offline");
  const failed = $("#failed");
  const line = () => (offline.hidden = navigator.onLine);
  window.addEventListener("online", line);
  window.addEventListener("offline", line);
  on("htmx:sendError", () => (offline.hidden = false));
  on("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) failed.hidden = false;
  });
  on("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    failed.hidden = true;
    line();
  });

  function settled(event) {
    const part = event.target;
    const list = part.matches && part.matches("[role=listbox]") ? part : null;
    if (list) finderAnswered(list);
    restoreTicks();
    announce();
    const focus = part.querySelector && part.querySelector("[data-focus]");
    if (focus) focus.focus();
  }
  on("htmx:afterSettle", settled);
  on("htmx:oobAfterSwap", announce);

  setInterval(() => {
    showTimers();
    poll();
    watchIdle();
  }, 1000);
  on("submit", (event) => {
    const form = event.target;
    if (askFirst(event)) return;
    if (form.matches("[data-bulk]")) ticked.clear();
    showTimers();
    form.unsaved = false;
  });
  // What a draft brought back into the first box is typed over, not added to.
  const first = $("[autofocus]");
  if (first && first.value && first.value === first.defaultValue) reach(first);
  restoreTicks();
  announce();
  line();
  ping();
})();
