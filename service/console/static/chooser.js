// The dialog of all desks: found by name or by the first letters of how it is read, chosen from the keyboard.

const dialog = document.getElementById("desks");
const search = document.getElementById("desk-search");
const list = document.getElementById("desk-list");

let chosen = null; // what to do with the desk
let active = null;

const visible = () => [...list.children].filter((option) => !option.hidden);

/** Let the operator choose a desk; `done` is given its id. */
export function chooseDesk(title, done) {
  chosen = done;
  document.getElementById("desks-title").textContent = title;
  search.value = "";
  filter();
  dialog.showModal();
  search.focus();
}

/** Whether the letters typed are the first ones of characters that follow each other; each may be read in several ways. */
function startsSomewhere(letters, initials) {
  return initials.some((_, place) => [...letters].every((letter, i) => initials[place + i]?.includes(letter)));
}

function filter() {
  const typed = search.value.trim().toLowerCase();
  const letters = typed.replace(/\s/g, "");
  for (const option of list.children) {
    const { name, initials } = option.dataset;
    option.hidden = !(name.includes(typed) || startsSomewhere(letters, initials.split(" ")) || (typed.length > 1 && option.textContent.includes(typed)));
  }
  // Who types the beginning of a name means that name first.
  const begins = (option) => startsSomewhere(letters, option.dataset.initials.split(" ").slice(0, letters.length));
  activate(visible().find(begins) ?? visible()[0] ?? null);
}

function activate(option) {
  active?.setAttribute("aria-selected", "false");
  active = option;
  active?.setAttribute("aria-selected", "true");
  active?.scrollIntoView({ block: "nearest" });
  if (active) search.setAttribute("aria-activedescendant", active.id);
  else search.removeAttribute("aria-activedescendant");
}

function take(option) {
  if (!option) return;
  dialog.close();
  chosen(option.dataset.desk);
}

search.addEventListener("input", (event) => event.isComposing || filter());
search.addEventListener("compositionend", filter);
search.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const options = visible();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) activate(options[(options.indexOf(active) + step + options.length) % options.length] ?? null);
  else if (event.key === "Enter") take(active);
  else return;
  event.preventDefault();
});
list.addEventListener("click", (event) => take(event.target.closest("[role=option]")));
