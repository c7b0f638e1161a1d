// What all pages share: settings of this browser, messages, requests, keys, log-in again.

import { eraseDrafts } from "./draft.js";

const PREFIX = "tipdesk.";
export const user = document.body.dataset.user ?? "";

/** A setting of this browser: on unless it was switched off. */
export const isOn = (name) => localStorage.getItem(PREFIX + name) !== "off";

/** Say something in passing; `action` is [words, function] of a button beside it. */
export function toast(words, action) {
  const box = document.createElement("p");
  box.className = "toast";
  box.textContent = words;
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action[0];
    button.addEventListener("click", () => (box.remove(), action[1]()));
    box.append(button);
  }
  const toasts = document.getElementById("toasts");
  toasts.replaceChildren(box); // one at a time: the last one counts
  setTimeout(() => box.remove(), 12_000);
}

/** The service's answer says that something went wrong, in words for people; `page` is the page that says so. */
export class Problem extends Error {
  constructor(status, message, page = null) {
    super(message);
    this.status = status;
    this.page = page;
  }
}

/**
 * Ask this service for a page or a part of one. Whoever is logged out logs in again in a dialog, then it is asked again.
 * Throws `Problem` where the service refuses, `TypeError` where it does not answer, `AbortError` when aborted.
 */
export async function send(url, { method = "POST", body, signal } = {}) {
  const response = await fetch(url, { method, body, signal, credentials: "same-origin", headers: { Accept: "text/html" } });
  const loggedOut = response.status === 401 || (response.redirected && new URL(response.url).pathname === "/login");
  if (loggedOut) {
    await logInAgain();
    return send(url, { method, body, signal });
  }
  if (response.ok) return response;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const words = page.querySelector("[data-problem]")?.textContent.trim();
  throw new Problem(response.status, words || `没有办成（${response.status}），请重试。`, page);
}

let loggingIn = null; // one dialog for all that wait for it

function logInAgain() {
  loggingIn ??= askToLogIn().finally(() => (loggingIn = null));
  return loggingIn;
}

async function askToLogIn() {
  const dialog = document.getElementById("log-in");
  if (!dialog) throw new Problem(401, "请重新登录。");
  const [name, password] = dialog.querySelectorAll("input");
  const problem = dialog.querySelector("[data-problem]");
  problem.textContent = "";
  for (;;) {
    password.value = "";
    dialog.returnValue = "";
    dialog.showModal();
    password.focus();
    await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
    if (dialog.returnValue !== "log-in") throw new Problem(401, "尚未登录，没有提交。填写的内容还在。");
    const body = JSON.stringify({ name: name.value, password: password.value });
    const response = await fetch("/v1/session", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    if (response.ok) {
      if ((await response.json()).name !== user) location.reload(); // somebody else's page from here on
      return;
    }
    problem.textContent = response.status === 429 ? "登录失败次数过多，请稍后再试。" : "账号或密码不对，或者账号已停用。";
  }
}

// Keys. "Alt+1", "Ctrl+Enter", "?", "Shift+q": by place on the keyboard (`code`) for digits, so that Option on a Mac does not matter.
const keys = new Map();

/** Call `action` on a key; return false from it to let the key do what it does. */
export function onKey(name, action) {
  keys.set(name, action);
}

function nameOf(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  const letter = /^[a-z]$/i.exec(event.key)?.[0].toLowerCase(); // whatever Caps Lock says
  const shifted = event.shiftKey && (digit ?? letter);
  const key = shifted || (event.altKey && digit) || letter || event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + (shifted ? "Shift+" : "") + key;
}

document.addEventListener("keydown", (event) => {
  // An input method that composes owns every key (229 is how some announce it).
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
  const name = nameOf(event);
  const action = keys.get(name);
  if (!action) return;
  if (document.querySelector("dialog[open]")) return;
  if (/^(Shift\+)?.$/u.test(name)) {
    // Single keys: not where one types, and not for who has switched them off (WCAG 2.1.4).
    const typing = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
    if (typing || !isOn("single-keys")) return;
  }
  if (action(event) !== false) event.preventDefault();
});

const shortcuts = document.getElementById("shortcuts");
if (shortcuts) onKey("?", () => shortcuts.showModal());

// The menu of the user: settings of this browser.
for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;

const theme = document.getElementById("theme");
if (theme) {
  theme.value = document.documentElement.dataset.theme;
  theme.addEventListener("change", () => {
    document.documentElement.dataset.theme = theme.value;
    localStorage.setItem(`${PREFIX}theme`, theme.value);
  });
}
for (const name of ["single-keys", "keep-drafts"]) {
  const box = document.getElementById(name);
  if (!box) continue;
  box.checked = isOn(name);
  box.addEventListener("change", () => {
    localStorage.setItem(PREFIX + name, box.checked ? "on" : "off");
    document.dispatchEvent(new CustomEvent("setting", { detail: { name, on: box.checked } }));
  });
}

const menu = document.getElementById("user-menu");
document.addEventListener("click", (event) => menu?.open && !menu.contains(event.target) && (menu.open = false));
menu?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

eraseDrafts();
document.getElementById("log-out")?.addEventListener("submit", () => eraseDrafts(user));
document.addEventListener("setting", ({ detail }) => detail.name === "keep-drafts" && !detail.on && eraseDrafts(user));

// What the address said once is not said again when the page is reloaded or kept as a bookmark.
const address = new URL(location.href);
if (address.searchParams.has("said")) {
  address.searchParams.delete("said");
  address.searchParams.delete("of");
  history.replaceState(null, "", address);
}

// A form that was sent is not sent twice: the second click does nothing until there is an answer.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  if (form.dataset.slow && event.submitter) event.submitter.textContent = form.dataset.slow;
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
