// Handing files in: chosen or dropped, queued, sent two at a time with a bar each, then watched until the batch is read.

import { draw, fill, finished, follow, renew } from "./live.js";

const AT_ONCE = 2;
const OFFICE = "Asia/Shanghai";
const TRIES = 3;
const form = document.getElementById("intake");
const words = JSON.parse(form.dataset.words);
const part = (id) => document.getElementById(id);
const rows = part("uploads").tBodies[0];
const queue = []; // { file, row, key, state: waiting | sending | stored | failed }
let batch = null;
let stream = null;

// randomUUID needs a secure context, which an office network without TLS is not.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function size(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let power = 0;
  while (bytes >= 1024 && power < units.length - 1) { bytes /= 1024; power += 1; }
  return `${power === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[power]}`;
}

// What is added after a batch was read to its end begins a new one.
function settle() {
  if (batch === null || part("reading").dataset.over !== "yes" || queue.some((entry) => entry.state !== "stored")) return;
  queue.splice(0);
  rows.replaceChildren();
  batch = null;
  part("title").value = "";
  part("reading").hidden = true;
}

function add(files) {
  settle();
  for (const file of files) {
    if (file.name.startsWith(".")) continue;
    const row = part("upload").content.firstElementChild.cloneNode(true);
    const entry = { file, row, key: newKey(), state: "waiting" };
    row.querySelector(".name").textContent = file.name;
    row.querySelector(".size").textContent = size(file.size);
    row.querySelector(".remove").addEventListener("click", () => remove(entry));
    queue.push(entry);
    rows.append(row);
  }
  count();
}

function remove(entry) {
  if (entry.state === "sending" || entry.state === "stored") return;
  queue.splice(queue.indexOf(entry), 1);
  entry.row.remove();
  count();
}

function count() {
  const total = queue.reduce((sum, entry) => sum + entry.file.size, 0);
  part("queue").hidden = queue.length === 0;
  part("count").textContent = fill(words.count, { count: queue.length, size: size(total) });
  queue.forEach((entry, index) => { entry.row.querySelector(".no").textContent = String(index + 1); });
  part("send").disabled = !queue.some((entry) => entry.state === "waiting");
}

function show(entry, state, text, share) {
  entry.state = state;
  entry.row.className = state;
  entry.row.querySelector(".upload-state").textContent = text;
  if (share !== undefined) entry.row.querySelector("progress").value = share;
  entry.row.querySelector(".remove").hidden = state === "sending" || state === "stored";
}

async function open() {
  const now = new Date();
  const time = now.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short", timeZone: OFFICE });
  const title = part("title").value.trim() || fill(words.default, { time });
  const answer = await fetch("/api/v1/batches", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": newKey() },
    body: JSON.stringify({ title, source: "console" }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return body.id;
}

function send(entry) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", entry.file, entry.file.name);
    request.open("POST", `/api/v1/batches/${batch}/files`);
    request.setRequestHeader("Idempotency-Key", entry.key);
    request.upload.addEventListener("progress", (event) => {
      const share = event.total > 0 ? event.loaded / event.total : 0;
      show(entry, "sending", fill(words.sending, { percent: `${Math.floor(share * 100)}%` }), share);
    });
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => reject(new Error(words.network)));
    request.send(body);
  });
}

function detail(request) {
  try { return JSON.parse(request.responseText).detail; } catch { return words.network; }
}

// The key stays the same over all tries, so that a file whose answer was lost is not taken in twice.
async function deliver(entry) {
  show(entry, "sending", fill(words.sending, { percent: "0%" }), 0);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    try {
      const request = await send(entry);
      if (request.status === 201) {
        const receipt = JSON.parse(request.responseText);
        show(entry, "stored", receipt.duplicate_of === null ? words.stored : words.duplicate, 1);
        watch();
        return;
      }
      if (request.status < 500 || attempt === TRIES) {
        show(entry, "failed", fill(words.failed, { reason: detail(request) }));
        return;
      }
    } catch (error) {
      if (attempt === TRIES) { show(entry, "failed", fill(words.failed, { reason: error.message })); return; }
    }
    await new Promise((resolve) => { setTimeout(resolve, 500 * 2 ** attempt); });
  }
}

function watch() {
  if (stream !== null && stream.readyState !== EventSource.CLOSED) return;
  part("reading").hidden = false;
  part("reading-link").href = `/batches/${batch}`;
  stream = follow(batch, (state) => {
    draw(state, words, part("reading-progress"), part("reading-words"));
    part("reading").dataset.over = finished(state) ? "yes" : "no";
    if (finished(state)) renew("/", "recent");
  });
}

async function work() {
  for (;;) {
    const entry = queue.find((each) => each.state === "waiting");
    if (entry === undefined) return;
    await deliver(entry);
  }
}

async function start() {
  part("trouble").hidden = true;
  part("send").disabled = true;
  try {
    batch ??= await open();
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    renew("/", "recent");
  } catch (error) {
    part("trouble").textContent = fill(words.failed, { reason: error.message });
    part("trouble").hidden = false;
  }
  count();
}

// Folders are read to the bottom; what a drop names is gone after the event, so all entries are taken first.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0) return (await Promise.all(found.map(filesOf))).flat();
    found.push(...some);
  }
}

const drop = part("drop");
for (const id of ["files", "folder"]) {
  part(id).addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = "";
  });
}
drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  add(await dropped(event.dataTransfer));
});
form.addEventListener("submit", (event) => { event.preventDefault(); start(); });
part("clear").addEventListener("click", () => [...queue].forEach(remove));
window.addEventListener("beforeunload", (event) => {
  if (queue.some((entry) => entry.state === "sending" || (entry.state === "waiting" && batch !== null))) event.preventDefault();
});
form.hidden = false;
