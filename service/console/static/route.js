// Keeps the suggestion in step with the text while the operator types or pastes.


const DEBOUNCE_MS = 150;
const SLOW_MS = 1000;
const RETRY_MS = 3000;

const form = document.getElementById("tip-form");
const field = document.getElementById("text");
const panel = document.getElementById("suggestion");

let timer = 0;
let request = null; // the one under way; a newer text cancels it
let shown = field.value;

function schedule(delay) {
  clearTimeout(timer);
  timer = setTimeout(suggest, delay);
}

function say(message) {
  let line = panel.querySelector(".message");
  if (!line) {
    line = document.createElement("p");
    line.className = "message";
    line.setAttribute("role", "status");
    panel.prepend(line);
  }
  line.textContent = message;
}

async function suggest() {
  const text = field.value;
  if (text === shown) return;
  request?.abort();
  const mine = (request = new AbortController());
  const slow = setTimeout(() => say("正在等待服务应答……"), SLOW_MS);
  try {
    const body = new URLSearchParams({ text });
    const response = await fetch("/suggestion", { method: "POST", body, signal: mine.signal });
    const answer = await response.text();
    if (mine.signal.aborted) return;
    if (response.ok) {
      panel.innerHTML = answer; // rendered and escaped by the service
      shown = text;
    } else {
      say(`未能给出建议（${response.status}），请检查内容后重试。`);
    }
  } catch {
    if (mine.signal.aborted) return;
    say("服务没有应答，稍后自动重试。输入的内容不会丢失。");
    schedule(RETRY_MS);
  } finally {
    clearTimeout(slow);
  }
}

// While an input method is composing, the text is not yet what the operator means.
field.addEventListener("input", (event) => event.isComposing || schedule(DEBOUNCE_MS));
field.addEventListener("compositionend", () => schedule(DEBOUNCE_MS));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  schedule(0);
});
