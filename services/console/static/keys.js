// Single-key shortcuts of every page. They can be turned off (WCAG 2.1.4), and are silent while an input method composes.

const OFF = "muniment-keys-off";
const dialog = document.getElementById("keys");
const box = document.getElementById("keys-on");
const opener = document.getElementById("show-keys");

// keyCode 229: the key went to the input method; some browsers send it for the Enter that picks a candidate, when isComposing
// is false again.
export const composing = (event) => event.isComposing || event.keyCode === 229;

const enabled = () => localStorage.getItem(OFF) === null;
const typing = (target) => target instanceof HTMLElement
  && (target.matches("input, select, textarea") || target.isContentEditable);

const pages = { j: "next", k: "prev" };

function step(direction) {
  const links = [...document.querySelectorAll(".hit-link")];
  if (links.length === 0) return document.querySelector(`a[rel="${pages[direction]}"]`)?.click();
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? 0 : at + (direction === "j" ? 1 : -1);
  links[Math.min(Math.max(next, 0), links.length - 1)].focus();
}

function toSearch() {
  const field = document.getElementById("q") ?? document.getElementById("find");
  if (field === null) return document.querySelector('a[href="/search"]')?.click();
  field.focus();
  field.select();
}

const commands = {
  "/": toSearch,
  "?": () => dialog.showModal(),
  j: () => step("j"),
  k: () => step("k"),
};

document.addEventListener("keydown", (event) => {
  if (composing(event)) return;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const command = commands[event.key];
  if (!plain || command === undefined || !enabled() || dialog.open || typing(event.target)) return;
  event.preventDefault();
  command();
});

// An Enter that picks a candidate must not send the form.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && composing(event) && typing(event.target)) event.preventDefault();
}, true);

// Empty filters do not belong into the address.
document.getElementById("query")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) {
    if (value === "" && name !== "q") event.formData.delete(name);
  }
});

box.checked = enabled();
box.addEventListener("change", () => {
  if (box.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
});
opener.hidden = false;
opener.addEventListener("click", () => dialog.showModal());

export const shortcutsEnabled = enabled;
export const inField = typing;
