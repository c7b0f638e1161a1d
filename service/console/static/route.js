// 分派: keeps the suggestion in step with what is typed, takes the operator's choices, confirms, and loses nothing.

import { Problem, isOn, onKey, send, toast, user } from "./console.js";
import { chooseDesk } from "./chooser.js";
import { draftOf } from "./draft.js";

const DEBOUNCE_MS = 120;
const SKELETON_MS = 400; // after which a slow answer shows
const SLOW_MS = 4000; // and after which it is said
const RETRY_MS = 3000;
const TOLD = ["people", "region", "employer"];
const TYPED = ["text", "channel", ...TOLD];

const form = document.getElementById("tip-form");
const field = form.elements.text;
const pane = document.getElementById("suggestion"); // what scrolls
const panel = document.getElementById("answer");
const waiting = document.getElementById("waiting");
const problem = document.getElementById("problem");
const summary = document.getElementById("summary");
const confirmButton = document.getElementById("confirm");
const draftState = document.getElementById("draft-state");

// ---- The suggestion

let timer = 0;
let request = null; // the one under way; a newer one cancels it
let answer = panel.innerHTML;
let stale = false; // whether the form has changed since
let composing = false;

const fields = () => new URLSearchParams(new FormData(form));
const chosen = () => form.querySelector("[name=desk]:checked")?.value ?? "";

function schedule(delay) {
  stale = true;
  clearTimeout(timer);
  timer = setTimeout(suggest, delay);
}

/** Ask for the suggestion of what the form holds now. Return whether it is on the screen. */
async function suggest() {
  stale = true;
  clearTimeout(timer);
  request?.abort();
  const mine = (request = new AbortController());
  const waits = [
    setTimeout(() => pane.setAttribute("aria-busy", "true"), SKELETON_MS),
    setTimeout(() => (waiting.textContent = "服务应答较慢，正在等待……"), SLOW_MS),
  ];
  try {
    const response = await send("/suggestion", { body: fields(), signal: mine.signal });
    const html = await response.text();
    if (mine.signal.aborted) return false;
    show(html);
    stale = false;
    waiting.textContent = "";
    return true;
  } catch (error) {
    if (mine.signal.aborted) return false;
    if (error instanceof Problem && error.status < 500) waiting.textContent = error.message;
    else {
      waiting.textContent = "服务没有应答，稍后自动重试。输入的内容不会丢失。";
      schedule(RETRY_MS);
    }
    return false;
  } finally {
    waits.forEach(clearTimeout);
    if (request === mine) pane.removeAttribute("aria-busy");
  }
}

function say(words) {
  problem.textContent = words;
}

/** Put a new suggestion in place. What is opened, ticked, scrolled or focused in the old one stays so. */
function show(html) {
  if (html === answer) return;
  answer = html;
  const focused = panel.contains(document.activeElement) ? document.activeElement.id || document.activeElement.dataset.asked : "";
  const open = [...panel.querySelectorAll("details[open]")].map((part) => part.id);
  const asked = [...panel.querySelectorAll("[data-asked]:checked")].map((box) => box.dataset.asked);
  const scrolled = [pane.scrollTop, panel.querySelector("#evidence")?.scrollTop ?? 0];
  const told = Object.fromEntries(TOLD.map((name) => [name, form.elements[`told_${name}`].value]));
  panel.innerHTML = html; // rendered and escaped by the service
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const box of panel.querySelectorAll("[data-asked]")) box.checked = asked.includes(box.dataset.asked);
  for (const part of panel.querySelectorAll("[data-scripted]")) part.hidden = false;
  pane.scrollTop = scrolled[0];
  panel.querySelector("#evidence")?.scrollTo(0, scrolled[1]);
  if (focused) (document.getElementById(focused) ?? panel.querySelector(`[data-asked="${CSS.escape(focused)}"]`))?.focus();
  fill(told);
  const verdict = panel.querySelector(".verdict");
  summary.textContent = verdict
    ? `${verdict.querySelector(".desk").textContent.trim()}，${verdict.querySelector(".badge").textContent.trim()}`
    : "";
}

/** Fill in what the text tells where the operator has written nothing else. */
function fill(before) {
  for (const name of TOLD) {
    const input = form.elements[name];
    const now = form.elements[`told_${name}`].value;
    if (input.value === before[name] && input !== document.activeElement) input.value = now;
    mark(input, now);
  }
}

function mark(input, told) {
  document.getElementById(`${input.id}-told`).hidden = !told || input.value !== told;
}

// While an input method composes, the text is not yet what the operator means.
field.addEventListener("compositionstart", () => (composing = true));
field.addEventListener("compositionend", () => {
  composing = false;
  schedule(DEBOUNCE_MS);
});
field.addEventListener("input", (event) => {
  composing = event.isComposing;
  if (!composing) schedule(DEBOUNCE_MS);
});
panel.addEventListener("change", (event) => event.target.name && changed());

function changed() {
  schedule(0);
  save();
}

// ---- Fields

for (const name of TOLD) {
  form.elements[name].addEventListener("input", (event) => mark(event.target, form.elements[`told_${name}`].value));
}

const regions = document.getElementById("regions");
form.elements.region.addEventListener("input", async (event) => {
  if (event.isComposing || !event.target.value.trim()) return;
  const typed = event.target.value;
  const response = await send(`/regions?${new URLSearchParams({ q: typed })}`, { method: "GET" }).catch(() => null);
  if (response && typed === event.target.value) regions.innerHTML = await response.text(); // escaped by the service
});

// Enter in a field is not "confirm": that is the same key that ends many an input method's composition.
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input") && !event.ctrlKey && !event.metaKey) event.preventDefault();
});

// ---- The operator's choices

function choose(desk) {
  const radio = document.getElementById(`desk-${desk}`);
  if (!radio) return toast("请先记录诉求内容。");
  radio.checked = true;
  changed();
}

function addFurther(desk) {
  const box = document.getElementById(`also-${desk}`);
  if (!box) return toast("这个受理席已经是主办。");
  box.checked = true;
  changed();
}

for (const place of [1, 2, 3]) {
  onKey(`Alt+${place}`, () => {
    const radio = panel.querySelectorAll(".candidates > .candidate [name=desk]")[place - 1];
    if (radio) choose(radio.value);
  });
}
const openDesks = () => chooseDesk("选定受理席", choose);
onKey("Alt+0", openDesks);
onKey("Alt+9", () => chooseDesk("添加另涉受理席", addFurther));
panel.addEventListener("click", (event) => {
  const opener = event.target.closest("summary")?.parentElement.id;
  if (opener === "others") openDesks();
  else if (opener === "more-also") chooseDesk("添加另涉受理席", addFurther);
  else return;
  event.preventDefault(); // the list inside is for browsers without JavaScript
});

// ---- Confirming

let confirming = false;

async function confirm() {
  if (confirming || composing || !confirmButton) return;
  confirming = true; // a second click, or a key that is held down, confirms nothing more
  confirmButton.setAttribute("aria-disabled", "true");
  const wait = setTimeout(() => say("正在派单，请稍候……"), SLOW_MS);
  say("");
  try {
    if (stale) {
      // The operator confirms what was on the screen, not what comes after it.
      const before = chosen();
      if (!(await suggest())) return;
      if (before !== chosen()) return say("建议已随内容更新，请看过后再确认一次。");
    }
    if (field.value.trim() && !chosen()) {
      say("把握不足，请先选定受理席，再确认派单。");
      panel.querySelector("[name=desk]")?.focus();
      return;
    }
    save(true);
    const response = await send(form.action, { body: fields() });
    draft.erase();
    location.assign(response.url);
    await new Promise(() => {}); // until the fresh page is here
  } catch (error) {
    if (!(error instanceof Problem)) return say("服务没有应答，没有派单。内容还在，请稍后再确认一次：不会重复派单。");
    say(error.message);
    const key = error.page?.querySelector("[name=key]")?.value;
    if (key) form.elements.key.value = key;
    const desks = error.page?.getElementById("desk-list");
    if (desks) {
      document.getElementById("desk-list").replaceChildren(...desks.children);
      answer = "";
      schedule(0);
    }
  } finally {
    clearTimeout(wait);
    confirming = false;
    confirmButton.removeAttribute("aria-disabled");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter === confirmButton) confirm();
  else schedule(0);
});
onKey("Ctrl+Enter", () => void confirm());

// ---- Clearing, with a way back

let cleared = null;

function values() {
  return Object.fromEntries([...TYPED.map((name) => [name, form.elements[name].value]), ["desk", chosen()], ["key", form.elements.key.value]]);
}

function fillIn(from) {
  for (const name of [...TYPED, "key"]) if (from[name] !== undefined) form.elements[name].value = from[name];
  for (const name of TOLD) mark(form.elements[name], form.elements[`told_${name}`].value);
}

async function restore(from) {
  fillIn(from);
  field.focus();
  save();
  if ((await suggest()) && from.desk && from.desk !== chosen()) choose(from.desk);
}

function clear() {
  if (!field.value && cleared) {
    restore(cleared);
    cleared = null;
    return;
  }
  cleared = values();
  fillIn({ text: "", channel: form.elements.channel.options[0].value, people: "", region: "", employer: "" });
  for (const choice of panel.querySelectorAll("[name=desk]:checked, [name=also]:checked")) choice.checked = false;
  draft.erase();
  schedule(0);
  field.focus();
  toast("已清空。", ["撤销", () => restore(cleared)]);
}

document.getElementById("clear").addEventListener("click", clear);
onKey("Alt+Backspace", clear);

// ---- The draft

const draft = draftOf(user);
let saving = 0; // the timer of what is not saved yet
let leaving = false;

function save(sending = false) {
  clearTimeout(saving);
  saving = 0;
  if (!isOn("keep-drafts")) return;
  const now = values();
  // The key stays with the draft once it was sent: however the answer gets lost, there will be one case.
  if (!sending) delete now.key;
  if (!now.text && !now.employer) return draft.erase();
  const kept = draft.save(now);
  draftState.textContent = kept ? "草稿已存本机" : "草稿未能存下";
}

form.addEventListener("input", () => {
  clearTimeout(saving);
  saving = setTimeout(save, 250);
});
window.addEventListener("pagehide", () => saving && !confirming && !leaving && save());
document.getElementById("log-out")?.addEventListener("submit", () => (leaving = true));
document.addEventListener("setting", ({ detail }) => {
  if (detail.name !== "keep-drafts") return;
  if (detail.on) save();
  else draftState.textContent = "";
});

function start() {
  const own = draft.load();
  if (own && !field.value && isOn("keep-drafts")) {
    restore(own.fields);
    toast("已恢复上次没有派出的草稿。", ["清空", clear]);
    return;
  }
  if (field.value) return void suggest(); // the browser kept it, or the service gave it back
  const [left] = draft.others();
  if (left && isOn("keep-drafts")) {
    toast("有一份没有派出的草稿。", ["恢复", () => (draft.adopt(left.name), restore(left.fields))]);
  }
}

start();
