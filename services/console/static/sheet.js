// The picture of a page: zoom, turn, drag, and the box of a field. Sizes are set through the CSSOM; the boxes are an SVG over the
// picture, in the picture's own pixels, so they follow whatever size it has.

import { composing, inField, shortcutsEnabled } from "./keys.js";

const STEP = 1.25;
const LEAST = 0.1;
const MOST = 4;
const sheet = document.getElementById("sheet");

if (sheet !== null) {
  const stage = document.getElementById("stage");
  const picture = document.getElementById("picture");
  const width = Number(sheet.dataset.width);
  const height = Number(sheet.dataset.height);
  let scale = null; // null: fit the width
  let turn = 0;

  const inner = () => {
    const style = getComputedStyle(stage);
    return stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  };
  const fitting = () => inner() / (turn % 180 === 0 ? width : height);

  function lay() {
    const now = scale ?? fitting();
    const sideways = turn % 180 !== 0;
    const [w, h] = [width * now, height * now];
    sheet.style.width = `${w}px`;
    sheet.style.transform = turn === 0 ? "" : `rotate(${turn}deg)`;
    // A turned sheet keeps its old place in the layout; margins make room for what it covers.
    const shift = sideways ? (w - h) / 2 : 0;
    const free = Math.max((inner() - (sideways ? h : w)) / 2, 0);
    sheet.style.marginBlock = `${shift}px`;
    sheet.style.marginInlineStart = `${free - shift}px`;
    sheet.style.marginInlineEnd = `${-shift}px`;
    document.getElementById("scale").textContent = `${Math.round(now * 100)}%`;
  }

  function zoom(factor) {
    const middle = [
      (stage.scrollLeft + stage.clientWidth / 2) / stage.scrollWidth,
      (stage.scrollTop + stage.clientHeight / 2) / stage.scrollHeight,
    ];
    scale = Math.min(Math.max((scale ?? fitting()) * factor, LEAST), MOST);
    lay();
    stage.scrollLeft = middle[0] * stage.scrollWidth - stage.clientWidth / 2;
    stage.scrollTop = middle[1] * stage.scrollHeight - stage.clientHeight / 2;
  }

  const actions = {
    in: () => zoom(STEP),
    out: () => zoom(1 / STEP),
    fit: () => { scale = null; lay(); },
    turn: () => { turn = (turn + 90) % 360; lay(); },
  };
  const keys = { "+": "in", "=": "in", "-": "out", 0: "fit", r: "turn" };

  function intoView(shape) {
    const [there, here] = [shape.getBoundingClientRect(), stage.getBoundingClientRect()];
    stage.scrollBy({
      left: there.left + there.width / 2 - here.left - here.width / 2,
      top: there.top + there.height / 2 - here.top - here.height / 2,
    });
  }

  function showField(key) {
    const box = document.getElementById(`box-${key}`);
    if (box === null) return false;
    document.querySelectorAll(".shown").forEach((each) => each.classList.remove("shown"));
    box.classList.add("shown");
    document.getElementById(`row-${key}`).classList.add("shown");
    intoView(box);
    return true;
  }

  document.getElementById("tools").hidden = false;
  document.getElementById("tools").addEventListener("click", (event) => {
    actions[event.target.closest("button")?.dataset.do]?.();
  });
  for (const list of ["fields", "seals"]) {
    document.getElementById(list)?.addEventListener("click", (event) => {
      const link = event.target.closest(".field-link");
      if (link === null || link.dataset.page !== sheet.dataset.page || !showField(link.dataset.field)) return;
      event.preventDefault();
      history.replaceState(null, "", link.hash);
    });
  }
  document.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || composing(event) || !shortcutsEnabled() || inField(event.target) || !(event.key in keys)) return;
    event.preventDefault();
    actions[keys[event.key]]();
  });

  let held = null;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    held = [event.clientX + stage.scrollLeft, event.clientY + stage.scrollTop];
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("held");
  });
  stage.addEventListener("pointermove", (event) => {
    if (held === null) return;
    stage.scrollTo(held[0] - event.clientX, held[1] - event.clientY);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, () => { held = null; stage.classList.remove("held"); });
  }
  picture.draggable = false;

  new ResizeObserver(() => { if (scale === null) lay(); }).observe(stage);
  lay();
  const asked = location.hash.replace("#box-", "");
  if (!showField(asked)) {
    const first = document.querySelector(".hit-box");
    if (first !== null && stage.scrollHeight > stage.clientHeight) intoView(first);
  }
}
