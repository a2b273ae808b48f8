// Sends what is typed, shows what it would do. The newest question wins; nothing is decided here.
const word = document.querySelector('meta[name="crmrules-page"]').content;
const byId = (id) => document.getElementById(id);
const form = byId("rule");
const WAIT = 150; // milliseconds after the last key
const SLOW = 200; // milliseconds after which we say that we are judging

async function ask(method, path, body, signal) {
  const answer = await fetch(path, {
    method, signal, credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-Crmrules-Page": word },
    body: JSON.stringify(body ?? {}),
  });
  const type = answer.headers.get("content-type") ?? "";
  const told = type.includes("json") ? await answer.json() : { error: await answer.text() };
  if (!answer.ok && !told.error) told.error = `The studio answered ${answer.status}.`;
  return told;
}

function values() {
  const found = {};
  for (const field of form.querySelectorAll("[name]")) {
    if (field.type !== "radio" || field.checked) found[field.name] = field.value;
  }
  const texts = (part, what) => [...part.querySelectorAll(`[data-text="${what}"]`)].map((one) => one.value);
  found.subject = texts(form, "subject");
  found.body = [...form.querySelectorAll("[data-line]")].map((line) => texts(line, "body"));
  return found;
}

function say(text) {
  const place = byId("error-save");
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
}

function refuse(refused) {
  for (const place of form.querySelectorAll(".error")) {
    const told = refused[place.id.replace("error-", "")] ?? "";
    place.textContent = told;
    place.hidden = !told;
    const name = place.id.replace("error-", "");
    for (const field of form.querySelectorAll(`[name="${name}"], [data-text="${name}"]`)) {
      field.setAttribute("aria-invalid", told ? "true" : "false");
    }
  }
  const known = [...form.querySelectorAll(".error")].map((place) => place.id.replace("error-", ""));
  const other = Object.entries(refused).filter(([name]) => !known.includes(name));
  say(other.map(([, why]) => why).join(" "));
}

let running = null;
let timer = null;

async function send() {
  running?.abort();
  const mine = (running = new AbortController());
  const slow = setTimeout(() => { byId("working").hidden = false; }, SLOW);
  try {
    const told = await ask("PUT", `/rules/${form.dataset.rule}`, values(), mine.signal);
    if (mine !== running) return;
    if (told.error) { say(told.error); return; }
    show(told);
  } catch (error) {
    if (error.name !== "AbortError") say("The studio does not answer any more. Start it again: crmrules studio");
  } finally {
    clearTimeout(slow);
    if (mine === running) byId("working").hidden = true;
  }
}

function show(told) {
  for (const part of ["effect", "changes", "condition", "example"]) byId(part).innerHTML = told[part];
  refuse(told.refused);
  const wrong = Object.keys(told.refused).length;
  byId("summary").textContent = wrong ? "Not taken over: see the field." : told.summary;
  for (const line of document.querySelectorAll("nav li[data-rule]")) {
    line.querySelector(".changed").hidden = !told.changed.includes(line.dataset.rule);
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(send, WAIT);
}

async function act(path, body) {
  const told = await ask("POST", path, body);
  if (told.error) { say(told.error); return null; }
  return told;
}

form?.addEventListener("input", soon);
form?.addEventListener("submit", (event) => { event.preventDefault(); send(); });
form?.addEventListener("click", (event) => {
  const button = event.target.closest("button.back");
  if (!button) return;
  byId(button.dataset.for).value = button.dataset.value;
  send();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".undo")) {
    if (await act("/discard", { place: button.dataset.place.split("\n") })) location.reload();
  } else if (button.id === "discard") {
    if (await act("/discard")) location.reload();
  } else if (button.id === "refresh") {
    if (await act("/refresh")) location.reload();
  } else if (button.id === "save") {
    const told = await act("/save");
    if (told) {
      byId("difference").textContent = told.difference || "Nothing changed in the file.";
      byId("saved").showModal();
    }
  }
});
byId("saved").addEventListener("close", () => location.reload());

byId("search").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let any = false;
  for (const chapter of document.querySelectorAll(".chapter")) {
    let shown = false;
    for (const line of chapter.querySelectorAll("li")) {
      line.hidden = !words.every((one) => line.dataset.find.includes(one));
      shown ||= !line.hidden;
    }
    chapter.hidden = !shown;
    any ||= shown;
  }
  byId("none").hidden = any;
});

// Not scrollIntoView: it moves the place where Tab begins, past the way to skip the list.
const here = document.querySelector('nav a[aria-current="page"]');
const list = document.querySelector("nav");
if (here) list.scrollTop = here.offsetTop - list.offsetTop - list.clientHeight / 2;
