// What was typed and not yet confirmed, kept in this browser: one draft for each user and tab, for twelve hours at most.

const PREFIX = "tipdesk.draft.";
const LASTS_MS = 12 * 60 * 60 * 1000;

/** Erase the drafts of `user`, or without one those that are too old, whoever's they are. */
export function eraseDrafts(user = null) {
  for (const name of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
    const draft = read(name);
    const old = !draft || Date.now() - draft.at > LASTS_MS;
    if (user === null ? old : name.startsWith(`${PREFIX}${user}.`)) localStorage.removeItem(name);
  }
}

/** The draft of this tab: `save`, `load`, `erase`; `others` are those that other tabs have left behind. */
export function draftOf(user) {
  let tab = sessionStorage.getItem("tipdesk.tab");
  if (!tab) {
    tab = Math.random().toString(36).slice(2);
    sessionStorage.setItem("tipdesk.tab", tab);
  }
  const own = `${PREFIX}${user}.${tab}`;
  return {
    save(fields) {
      try {
        localStorage.setItem(own, JSON.stringify({ at: Date.now(), fields }));
        return true;
      } catch {
        return false; // the browser's store is full
      }
    },
    load: () => read(own),
    erase: () => localStorage.removeItem(own),
    others() {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(`${PREFIX}${user}.`) && name !== own);
      return names.map((name) => ({ name, ...read(name) })).sort((a, b) => b.at - a.at);
    },
    adopt(name) {
      localStorage.setItem(own, localStorage.getItem(name));
      localStorage.removeItem(name);
    },
  };
}

function read(name) {
  try {
    const draft = JSON.parse(localStorage.getItem(name));
    return Date.now() - draft.at > LASTS_MS ? null : draft;
  } catch {
    return null;
  }
}
