// Labels by single keys: a desk and on to the next tip, further desks, kind, urgent, skip, undo.

import { onKey } from "./console.js";

const form = document.getElementById("label-form");
const undo = document.getElementById("undo-form");
if (undo) onKey("z", () => undo.requestSubmit());

if (form) {
  const also = (desk) => form.querySelector(`input[name=also][value="${desk}"]`);
  const chosen = document.getElementById("also-chosen");
  const tell = () => {
    const names = [...form.querySelectorAll("input[name=also]:checked")].map((box) => box.closest("label").textContent.trim());
    chosen.textContent = names.join("、");
  };
  form.addEventListener("change", tell);
  tell();
  for (const button of form.querySelectorAll("button[name=desk]")) {
    const key = button.querySelector("kbd")?.textContent;
    if (!key) continue;
    onKey(key, () => form.requestSubmit(button));
    onKey(`Shift+${key}`, () => {
      const box = also(button.value);
      box.checked = !box.checked;
      tell();
    });
  }
  form.querySelectorAll("input[name=kind]").forEach((radio, place) => onKey(`Alt+${place + 1}`, () => (radio.checked = true)));
  onKey("j", () => {
    const box = document.getElementById("urgent");
    box.checked = !box.checked;
  });
  onKey("x", () => document.getElementById("next-tip").click());
}
