// Watches a job: the page keeps up with it, and is loaded anew when it has ended.

import { send } from "./console.js";

const EVERY_MS = 2000;
const box = document.getElementById("job");

async function look() {
  if (!document.hidden) {
    try {
      const part = await (await send(box.dataset.state, { method: "GET" })).text();
      box.innerHTML = part; // rendered and escaped by the service
      if (box.querySelector("[data-running=no]")) {
        location.reload();
        return;
      }
    } catch (problem) {
      if (problem.status) return; // the service says no: the page stays as it is
    }
  }
  setTimeout(look, EVERY_MS);
}

for (const link of document.querySelectorAll("[data-unscripted]")) link.hidden = true;
setTimeout(look, EVERY_MS);
