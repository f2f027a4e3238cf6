// A batch while it is read: the API's server-sent events, and what they say in words.

const FINISHED = ["done", "incomplete"];

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
export const finished = (state) => FINISHED.includes(state.state);

// Calls `tell` with each state of the batch. The stream ends when the batch is finished; a broken one is taken up again by the
// browser itself.
export function follow(batch, tell) {
  const source = new EventSource(`/api/v1/batches/${batch}/events`);
  source.addEventListener("batch", (event) => {
    const state = JSON.parse(event.data);
    if (finished(state)) source.close();
    tell(state);
  });
  return source;
}

export function say(state, words) {
  if (state.state === "done") return words.done;
  if (state.state === "incomplete") return words.incomplete;
  if (state.pages_total === 0) return words.look;
  return fill(words.pages, { done: state.pages_done, total: state.pages_total });
}

export function draw(state, words, bar, line) {
  if (state.pages_total > 0 || finished(state)) {
    bar.max = state.pages_total || 1;
    bar.value = finished(state) && state.pages_total === 0 ? 1 : state.pages_done;
  } else {
    bar.removeAttribute("value");
  }
  const text = say(state, words);
  if (line.textContent !== text) line.textContent = text;
}

// Takes a part of a page anew from the server, which alone writes HTML.
export async function renew(address, id) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  const stale = document.getElementById(id);
  if (fresh !== null && stale !== null) stale.replaceChildren(...fresh.childNodes);
}
