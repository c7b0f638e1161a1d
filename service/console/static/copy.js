// Copies a secret that is shown once.

import { toast } from "./console.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      toast("已复制。");
    } catch {
      toast("浏览器不让复制，请按 Ctrl+C。"); // over plain HTTP, but on this machine
    }
  });
}
