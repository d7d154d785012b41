// SPDX-License-Identifier: Apache-2.0
// Keys for the review of a photo's faces. They work while the photo or its faces have the focus, and nowhere else
// (WCAG 2.2, 2.1.4). Without this script every step is a link or a form.

const SEARCH_AFTER_MS = 120;
const MOST = 8;

const desk = document.getElementById("reviewing");
if (desk) start();

function start() {
  const order = [...desk.querySelectorAll(".numbers [data-face]")].map((one) => one.dataset.face);
  let current = desk.dataset.chosen;
  const panel = () => desk.querySelector(`[data-panel="${CSS.escape(current)}"]`);
  const picture = document.getElementById("picture");
  const zoom = document.getElementById("zoom");
  const whole = picture?.getAttribute("viewBox");

  function show(face) {
    current = face;
    for (const one of desk.querySelectorAll("[data-panel]")) one.hidden = one.dataset.panel !== face;
    for (const one of desk.querySelectorAll("[data-face]")) {
      one.classList.toggle("on", one.dataset.face === face);
      if (one.closest(".numbers")) {
        if (one.dataset.face === face) one.setAttribute("aria-current", "true");
        else one.removeAttribute("aria-current");
      }
    }
    frame();
  }

  function frame() {
    if (!picture) return;
    const box = picture.querySelector(`[data-face="${CSS.escape(current)}"] .over`);
    if (zoom.getAttribute("aria-pressed") !== "true" || !box) {
      picture.setAttribute("viewBox", whole);
      picture.classList.remove("close");
      return;
    }
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
    const side = 2.2 * Math.max(width, height);
    picture.classList.add("close");
    picture.setAttribute("viewBox", `${left + width / 2 - side / 2} ${top + height / 2 - side / 2} ${side} ${side}`);
  }

  function step(by) {
    const at = order.indexOf(current);
    if (order.length) show(order[(at + by + order.length) % order.length]);
    desk.focus({ preventScroll: true });
  }

  if (zoom) {
    zoom.hidden = false;
    zoom.addEventListener("click", () => {
      zoom.setAttribute("aria-pressed", String(zoom.getAttribute("aria-pressed") !== "true"));
      frame();
    });
  }
  for (const one of desk.querySelectorAll("[data-face]")) {
    one.addEventListener("click", (event) => {
      event.preventDefault();
      show(one.dataset.face);
    });
  }
  for (const one of desk.querySelectorAll("[data-assign]")) lookUp(one);

  const press = (selector) => desk.querySelector(selector)?.requestSubmit();
  const keys = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    a: () => panel()?.querySelector('[role="combobox"]')?.focus(),
    Enter: () => panel()?.querySelector('[role="combobox"]')?.focus(),
    d: () => panel()?.querySelector("[data-dismiss]")?.requestSubmit(),
    t: () => panel()?.querySelector("[data-split]")?.click(),
    u: () => press("[data-undo]"),
    n: () => document.getElementById("next")?.click(),
    b: () => document.getElementById("everybody")?.click(),
    z: () => zoom?.click(),
  };
  desk.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    if (event.key === "Enter" && event.target !== desk) return; // a link or a button does what it does
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  desk.focus({ preventScroll: true });
}

// Type-ahead over what people are called: a combobox with a list, as WAI-ARIA describes it.
function lookUp(form) {
  const input = form.querySelector('[role="combobox"]');
  const list = form.querySelector('[role="listbox"]');
  let active = -1;
  let timer = 0;
  let asked = "";

  function mark(number) {
    active = number;
    [...list.children].forEach((one, at) => one.setAttribute("aria-selected", String(at === number)));
    if (number >= 0) input.setAttribute("aria-activedescendant", list.children[number].id);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function choose(option) {
    form.querySelector('input[name="subject"]').value = option.dataset.subject;
    form.requestSubmit();
  }

  function fill(people) {
    list.replaceChildren(
      ...people.map((person, number) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${number}`;
        option.setAttribute("role", "option");
        option.dataset.subject = person.id;
        option.textContent = person.label;
        option.addEventListener("mousedown", (event) => {
          event.preventDefault();
          choose(option);
        });
        return option;
      }),
    );
    if (!people.length) {
      const none = document.createElement("li");
      none.className = "soft";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.id = `${list.id}-0`;
      none.textContent = desk.dataset.none;
      list.append(none);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(people.length ? 0 : -1);
  }

  async function ask() {
    const text = input.value.trim();
    if (text === asked) return;
    asked = text;
    if (!text) {
      close();
      return;
    }
    const answer = await fetch(desk.dataset.people, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, limit: MOST }), // in the body: addresses end up in logs, and this is a name
    });
    if (answer.ok && input.value.trim() === text) fill((await answer.json()).people);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SEARCH_AFTER_MS);
  });
  input.addEventListener("blur", () => setTimeout(close, 100));
  input.addEventListener("keydown", (event) => {
    const options = list.hidden ? 0 : list.querySelectorAll("[data-subject]").length;
    if (event.key === "Escape") {
      close();
      desk.focus({ preventScroll: true });
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (options && active >= 0) choose(list.children[active]);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options) {
      event.preventDefault();
      mark((active + (event.key === "ArrowDown" ? 1 : -1) + options) % options);
    }
  });
}
