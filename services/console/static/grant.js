// An item that is open under a grant closes here as soon as the grant ends, wherever that happens: what is shown goes at once.

const EVERY = 3000;
const banner = document.getElementById("grant");

function close() {
  document.getElementById("stage")?.replaceChildren();
  location.reload();
}

async function look() {
  try {
    const answer = await fetch(`/api/v1/grants/${banner.dataset.grant}`, { headers: { Accept: "application/json" } });
    const grant = answer.ok ? await answer.json() : null;
    const lost = answer.status === 401 || answer.status === 403 || answer.status === 404;
    if (lost || (grant !== null && !grant.items.some((item) => item.id === banner.dataset.item && item.open))) {
      close();
      return;
    }
  } catch {
    // The archive does not answer; the end that was told is kept all the same.
  }
  setTimeout(look, EVERY);
}

if (banner !== null) {
  setTimeout(close, Math.min(Math.max(new Date(banner.dataset.until) - Date.now(), 0), 2 ** 31 - 1));
  setTimeout(look, EVERY);
}
