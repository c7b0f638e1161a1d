// 工单: choose all, say how many are chosen, "/" to search, j and k to go through the list.

import { onKey, toast } from "./console.js";

const search = document.getElementById("q");
onKey("/", () => (search.focus(), search.select()));

const boxes = [...document.querySelectorAll("[name=chosen]")];
const all = document.getElementById("all");
const count = document.getElementById("n-chosen");
const bulk = document.getElementById("bulk");

function tell() {
  const n = boxes.filter((box) => box.checked).length;
  if (!count) return;
  count.textContent = n ? `对所选 ${n} 件：` : "对勾选的工单：";
  all.checked = n > 0 && n === boxes.length;
  all.indeterminate = n > 0 && n < boxes.length;
}

all?.addEventListener("change", () => {
  for (const box of boxes) box.checked = all.checked;
  tell();
});
bulk?.addEventListener("change", tell);
bulk?.addEventListener("submit", (event) => {
  if (boxes.some((box) => box.checked)) return;
  event.preventDefault();
  toast("请先勾选工单。");
});
tell();

const links = [...document.querySelectorAll("table.cases tbody th a")];
function step(by) {
  const here = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, here + by))]?.focus();
}
onKey("j", () => step(1));
onKey("k", () => step(-1));
