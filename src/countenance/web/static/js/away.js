// SPDX-License-Identifier: Apache-2.0
// Takes a page away whose session is over: ended elsewhere, or unused for too long. Asks now and then, whenever the
// page comes into view, and when it comes back from the browser's memory; asking does not count as use.
//
//   <body data-idle="1800" data-over="What is said instead of the page, while the server cannot be reached">

const EVERY_S = 120;
const IDLE_S = Number(document.body.dataset.idle);
let answered = Date.now();

async function ask() {
  try {
    const answer = await fetch("/api/v1/me", { credentials: "same-origin", cache: "no-store", headers: { "Countenance-Follows": "?1" } });
    if (answer.status === 401) {
      clear();
      location.replace(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
      return;
    }
    answered = Date.now();
  } catch {
    if (Date.now() - answered > IDLE_S * 1000) clear(); // over by now, if nobody used it elsewhere
  }
}

function clear() {
  const main = document.getElementById("main");
  const said = document.createElement("p");
  said.className = "notice warn";
  said.textContent = document.body.dataset.over;
  main.replaceChildren(said);
}

setInterval(ask, EVERY_S * 1000);
document.addEventListener("visibilitychange", () => document.hidden || ask());
addEventListener("pageshow", (event) => event.persisted && ask());
