// SPDX-License-Identifier: Apache-2.0
// Keeps [data-live] parts of a page up to date: asks for them again and puts what came in their place.
//
//   <div id="run" data-live="/runs/1" data-every="2" data-lost="Connection lost, trying again">...</div>
//
// The answer is a whole page or a fragment. If it has an element with the same id, that one is taken, else all of it.
// Polling pauses while the page is hidden, waits longer after each failure (up to 30 s), tells of a lost connection,
// and stops at an element with data-done (on the part itself or inside it).

const LONGEST_WAIT_S = 30;
const FOLLOWS = { "Countenance-Follows": "?1" }; // nobody acts: a page that is left alone must not keep a session open

function start(part) {
  const id = part.id;
  let current = part;
  let failures = 0;
  let timer = 0;
  let asking = false;
  let shown = part.outerHTML; // as it came: what somebody opened or typed in it since is no news

  const every = () => Number(current.dataset.every || 2);
  const isDone = () => current.hasAttribute("data-done") || current.querySelector("[data-done]") !== null;
  const isUsed = () => current.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");

  function wait(seconds) {
    clearTimeout(timer);
    if (!isDone()) timer = setTimeout(ask, seconds * 1000);
  }

  function tell(text) {
    let line = document.querySelector(`[data-lost-of="${CSS.escape(id)}"]`);
    if (text === null) {
      line?.remove();
      return;
    }
    if (line === null) {
      line = document.createElement("p");
      line.className = "notice warn lost";
      line.setAttribute("role", "status");
      line.dataset.lostOf = id;
      current.before(line);
    }
    if (line.textContent !== text) line.textContent = text;
  }

  async function ask() {
    if (document.hidden || asking) return;
    asking = true;
    try {
      const url = current.dataset.live || location.href;
      const answer = await fetch(url, { headers: FOLLOWS, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(15000) });
      if (answer.redirected || answer.status === 401 || answer.status === 403 || answer.status === 404) {
        location.reload(); // signed out, or gone: the page itself says which
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (!isUsed()) swap(text);
      failures = 0;
      tell(null);
      wait(every());
    } catch {
      failures += 1;
      tell(current.dataset.lost || "Connection lost, trying again");
      wait(Math.min(LONGEST_WAIT_S, every() * 2 ** Math.min(failures, 5)));
    } finally {
      asking = false;
    }
  }

  function swap(text) {
    const came = new DOMParser().parseFromString(text, "text/html");
    const next = came.getElementById(id);
    const focused = current.contains(document.activeElement) ? document.activeElement.id : "";
    const open = new Set([...current.querySelectorAll("details[open][id]")].map((one) => one.id));
    if (next === null) {
      current.replaceChildren(...[...came.body.childNodes].map((one) => document.importNode(one, true)));
    } else if (next.outerHTML === shown) {
      return; // nothing new: do not disturb a screen reader, a selection, or a form
    } else {
      shown = next.outerHTML;
      const made = document.importNode(next, true);
      current.replaceWith(made);
      current = made;
    }
    for (const one of current.querySelectorAll("details[id]")) one.open = one.open || open.has(one.id);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("live:swapped", { detail: current }));
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) wait(0.1);
  });
  addEventListener("online", () => wait(0.1));
  wait(every());
}

for (const part of document.querySelectorAll("[data-live][id]")) start(part);
