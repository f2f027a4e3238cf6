// The page of a batch follows its batch until it is finished.

import { draw, finished, follow, renew } from "./live.js";

const PAUSE = 800;
const live = document.getElementById("live");
const words = JSON.parse(live.dataset.words);
let waiting = null;

function renewSoon() {
  waiting ??= setTimeout(async () => {
    waiting = null;
    await renew(location.href, "live");
  }, PAUSE);
}

if (!["done", "incomplete"].includes(live.dataset.state)) {
  let shape = "";
  follow(live.dataset.batch, async (state) => {
    draw(state, words, document.getElementById("reading-progress"), document.getElementById("reading-words"));
    if (finished(state)) {
      clearTimeout(waiting);
      await renew(location.href, "live");
      draw(state, words, document.getElementById("reading-progress"), document.getElementById("reading-words"));
      return;
    }
    const now = JSON.stringify([state.items, state.files, state.problems]);
    if (shape !== "" && now !== shape) renewSoon();
    shape = now;
  });
}
