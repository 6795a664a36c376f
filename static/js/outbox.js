/* Steps of a job that could not be sent wait in this phone, photos and all, and go off once and in order when the line
   is back. What is kept is what its owner typed and photographed, nothing that the page showed. */
(() => {
  "use strict";
  const box = document.querySelector("[data-outbox-of]");
  if (!box || !window.indexedDB) return;
  const words = box.dataset;
  const list = box.querySelector("[data-steps]");
  let sending = false;

  const open = () =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open("outbox", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("steps", { keyPath: "id", autoIncrement: true });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  async function store(mode, act) {
    const db = await open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = db.transaction("steps", mode);
        const request = act(transaction.objectStore("steps"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      db.close();
    }
  }
  // The box belongs to who is signed in: on a shared phone nobody sends for somebody else.
  const waiting = async () => (await store("readonly", (steps) => steps.getAll())).filter((step) => step.owner === words.outboxOf);

  async function keep(form) {
    const fields = [...new FormData(form)].filter(([name, value]) => name !== "csrfmiddlewaretoken" && !(value instanceof File && !value.size));
    // Where it was typed is somebody's words too, where the page names a place.
    const said = [...form.querySelectorAll("textarea, [type=text]")].map((field) => field.value.trim());
    const typed = [form.dataset.outboxPlace, ...said].filter(Boolean);
    const step = { owner: words.outboxOf, url: form.action, label: form.dataset.outbox, typed, fields, refusal: "" };
    await store("readwrite", (steps) => steps.add(step));
    form.inert = true;
    await draw();
    box.scrollIntoView({ block: "nearest" });
  }

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn small";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }
  function line(step) {
    const item = document.createElement("li");
    item.append(step.label);
    step.typed.forEach((text) => {
      const said = document.createElement("q");
      said.dataset.user = "";
      said.textContent = text;
      item.append(" ", said);
    });
    if (step.refusal)
      item.append(
        ` ${step.refusal} `,
        button(words.again, () => change(step, { refusal: "" }).then(send)),
        " ",
        button(words.drop, () => store("readwrite", (steps) => steps.delete(step.id)).then(draw))
      );
    return item;
  }
  async function draw() {
    const steps = await waiting();
    box.hidden = !steps.length;
    box.querySelector("[data-n]").textContent = words.waiting.replace("{n}", steps.length);
    list.replaceChildren(...steps.map(line));
  }
  const change = (step, facts) => store("readwrite", (steps) => steps.put({ ...step, ...facts }));

  // A page that did not take the step says why, and as what the job stands now: sending again is done knowingly.
  function refuse(step, text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const said = page.querySelector("#refusal strong, .error-summary li, main [role=alert], main p");
    const version = page.querySelector("[name=version]");
    const fields = step.fields.map(([name, value]) => [name, name === "version" && version ? version.value : value]);
    // What the page wants said before it takes a strange number: who sends it again has read why, and says it.
    page.querySelectorAll("[data-ask-again]").forEach((box) => fields.push([box.name, "on"]));
    return change(step, { fields, refusal: said ? said.textContent.trim() : words.refused });
  }
  async function sendOne(step, token) {
    const data = new FormData();
    step.fields.forEach(([name, value]) => data.append(name, value));
    data.append("csrfmiddlewaretoken", token);
    const answer = await fetch(step.url, { method: "POST", body: data, redirect: "manual", headers: { "X-Outbox": "1" } });
    // A step that was taken leads on to a page, and that page is for the eyes: it says what was done.
    if (answer.type === "opaqueredirect") await store("readwrite", (steps) => steps.delete(step.id));
    else if ([400, 403, 404, 409, 413, 422].includes(answer.status)) await refuse(step, await answer.text());
    return answer.status !== 401 && answer.status !== 429 && answer.status < 500;
  }
  // No line, no session or a server that is busy: the rest waits for the next time.
  async function send() {
    if (sending || !navigator.onLine || !(await waiting()).some((step) => !step.refusal)) return;
    sending = true;
    try {
      const alive = await fetch(document.body.dataset.aliveUrl, { headers: { "HX-Request": "true", "X-Background": "1" } });
      const token = alive.headers.get("X-CSRFToken");
      for (const step of token ? await waiting() : []) if (!step.refusal && !(await sendOne(step, token))) break;
    } catch {
      // It waits.
    }
    sending = false;
    await draw();
    const typing = [...document.querySelectorAll("textarea, [type=text]")].some((area) => area.value !== area.defaultValue && !area.closest("[inert]"));
    if (!typing && !(await waiting()).length) location.assign(words.done);
  }

  document.addEventListener("outbox", (event) => keep(event.detail).catch(() => (document.querySelector("#offline").hidden = false)));
  window.addEventListener("online", send);
  setInterval(send, 15000);
  draw().then(send);
})();
