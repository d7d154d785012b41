// SPDX-License-Identifier: Apache-2.0
// The search desk: a photo is dropped, pasted or chosen; its faces are framed; one is chosen by click or number key.
//
// [data-drop] holds the file field; [data-picker] shows the photo and the faces. In a form [data-search] the chosen
// number goes with the form (radio `face`). On an answer without the searched face, the chosen face is cut out by the
// server and shown at every [data-probe]. The photo is drawn from the file itself and sent to be looked at only.

const SVG = "http://www.w3.org/2000/svg";
const LONGEST_SHOWN_PX = 1600;
const LARGEST_NUMBER_KEY = 9;

const picker = document.querySelector("[data-picker]");
const drop = document.querySelector("[data-drop]");
const field = drop.querySelector("input[type=file]");
const form = document.querySelector("form[data-search]");
const texts = picker.dataset;
const stage = picker.querySelector(".stage");
const canvas = stage.querySelector("canvas");
const frames = stage.querySelector("svg");
const says = picker.querySelector("[data-says]");
const wrong = picker.querySelector("[data-wrong]");
const list = picker.querySelector("[data-faces]");
let turn = 0; // a later photo or purpose outruns an earlier answer

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function tell(text) {
  says.textContent = text;
}

function complain(text) {
  wrong.textContent = text;
  wrong.hidden = text === "";
}

// A form sent again is the same request; a form that was changed is another one.
function renew() {
  if (form === null) return;
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  form.elements.key.value = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function asked() {
  const said = form === null ? new Map(Object.entries(texts)) : new FormData(form);
  const wanted = { purpose: said.get("purpose") || "", basis: said.get("basis") || "" };
  for (const name of ["authorisation", "case"]) if (said.get(name)) wanted[name] = said.get(name);
  return wanted;
}

function clear() {
  frames.replaceChildren();
  list.hidden = true;
  list.querySelectorAll(".choice").forEach((one) => one.remove());
  complain("");
}

async function draw(file) {
  const context = canvas.getContext("2d");
  try {
    const photo = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SHOWN_PX / Math.max(photo.width, photo.height));
    canvas.width = Math.round(photo.width * scale);
    canvas.height = Math.round(photo.height * scale);
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    photo.close();
    return true;
  } catch {
    return false;
  }
}

async function send(file, more) {
  const query = new URLSearchParams({ ...asked(), ...more });
  const answer = await fetch(`${texts.look}?${query}`, {
    method: "POST",
    body: file,
    headers: { "Content-Type": "application/octet-stream" },
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

function frame(face) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", face.reason === null ? "usable" : "unusable");
  group.dataset.number = face.number;
  const size = Math.max(face.right - face.left, 1);
  const box = document.createElementNS(SVG, "rect");
  box.setAttribute("x", face.left);
  box.setAttribute("y", face.top);
  box.setAttribute("width", size);
  box.setAttribute("height", Math.max(face.bottom - face.top, 1));
  const label = document.createElementNS(SVG, "text");
  label.setAttribute("x", face.left + size * 0.06);
  label.setAttribute("y", face.top + size * 0.34);
  label.setAttribute("font-size", size * 0.34);
  label.textContent = face.number;
  group.append(box, label);
  if (face.reason === null) group.addEventListener("click", () => choose(face.number));
  return group;
}

function choice(face) {
  const row = document.createElement("div");
  row.className = "choice";
  const button = document.createElement("input");
  button.type = "radio";
  button.name = "face";
  button.id = `face-${face.number}`;
  button.value = face.number;
  button.disabled = face.reason !== null;
  button.required = true;
  const label = document.createElement("label");
  label.htmlFor = button.id;
  label.textContent = fill(face.reason === null ? texts.textFace : texts.textUnusable, { n: face.number, why: face.detail });
  button.addEventListener("change", () => chosen(face.number));
  row.append(button, label);
  return row;
}

function choose(number) {
  const button = document.getElementById(`face-${number}`);
  if (button === null || button.disabled) return;
  button.checked = true;
  button.focus();
  chosen(number);
}

async function chosen(number) {
  for (const group of frames.children) group.classList.toggle("chosen", group.dataset.number === String(number));
  renew();
  if (form !== null) return;
  const now = turn;
  try {
    const found = await send(field.files[0], { face: number });
    if (now !== turn) return;
    for (const picture of document.querySelectorAll("[data-probe]")) {
      picture.src = `data:image/jpeg;base64,${found.crop}`;
      picture.hidden = false;
      picture.parentElement.querySelector("[data-blank]").hidden = true;
    }
  } catch (error) {
    complain(error instanceof TypeError ? texts.textLost : error.message);
  }
}

async function look() {
  const file = field.files[0];
  const now = ++turn;
  clear();
  renew();
  stage.hidden = true;
  if (file === undefined) return tell("");
  if (file.size > Number(texts.most)) return complain(fill(texts.textLarge, { n: Number(texts.most) / 1048576 }));
  const drawn = await draw(file);
  if (now !== turn) return undefined;
  stage.hidden = !drawn;
  if (asked().purpose === "" || asked().basis === "") return tell(texts.textFirst);
  tell(texts.textLooking);
  try {
    const found = await send(file, {});
    if (now === turn) show(found, drawn);
  } catch (error) {
    if (now !== turn) return undefined;
    tell("");
    complain(error instanceof TypeError ? texts.textLost : error.message);
  }
  return undefined;
}

function show(found, drawn) {
  if (!drawn) {
    canvas.width = Math.min(found.width, LONGEST_SHOWN_PX);
    canvas.height = Math.round((canvas.width * found.height) / found.width);
    stage.hidden = false;
  }
  frames.setAttribute("viewBox", `0 0 ${found.width} ${found.height}`);
  frames.replaceChildren(...found.faces.map(frame));
  list.append(...found.faces.map(choice));
  list.hidden = found.faces.length === 0;
  const usable = found.faces.filter((face) => face.reason === null);
  const text = [texts.textNone, texts.textOne][found.faces.length] ?? texts.textMany;
  tell(fill(text, { n: found.faces.length }) + (drawn ? "" : ` ${texts.textUnshown}`));
  if (found.faces.length === 1 && usable.length === 1) {
    document.getElementById("face-1").checked = true;
    chosen(1);
  }
}

function take(files) {
  if (files.length === 0) return false;
  const one = new DataTransfer();
  one.items.add(files[0]);
  field.files = one.files;
  look();
  return true;
}

field.addEventListener("change", look);
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (take(event.clipboardData.files)) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const number = Number(event.key);
  const typing = event.target.matches("input:not([type=radio], [type=file]), textarea, select");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !(number >= 1 && number <= LARGEST_NUMBER_KEY)) return;
  choose(number);
});
if (form !== null) {
  form.addEventListener("change", (event) => {
    if (event.target.name === "purpose" || event.target.name === "basis") look();
    else if (event.target !== field) renew();
  });
  form.addEventListener("submit", () => {
    const button = form.querySelector("button.first");
    setTimeout(() => (button.disabled = true)); // after the form is on its way
    window.addEventListener("pageshow", () => (button.disabled = false));
  });
}
if (field.files.length > 0) look(); // a browser that came back keeps the file
