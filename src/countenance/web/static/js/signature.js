// SPDX-License-Identifier: Apache-2.0
// A signature that is drawn: points of each stroke, in a box of 1000 by 400, go into a hidden field.
// The name that is typed is a signature by itself; this adds to it, and nobody needs it.

const MOST = 4000;
const pad = document.querySelector("[data-pad]");
const canvas = pad.querySelector("canvas");
const field = document.querySelector("[data-strokes]");
const said = pad.querySelector("[data-drawn]");
const pen = canvas.getContext("2d");
let strokes = [];
let drawing = false;

function at(event) {
  const box = canvas.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * canvas.width;
  const y = ((event.clientY - box.top) / box.height) * canvas.height;
  return [Math.round(x), Math.round(y)];
}

function line(from, to) {
  pen.strokeStyle = getComputedStyle(canvas).color;
  pen.lineWidth = 6;
  pen.lineCap = "round";
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
}

function keep() {
  const points = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  field.value = points >= 8 ? JSON.stringify(strokes) : "";
  said.textContent = field.value ? said.dataset.words : "";
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  drawing = true;
  strokes.push([at(event)]);
  event.preventDefault();
});
canvas.addEventListener("pointermove", (event) => {
  if (!drawing) return;
  const stroke = strokes[strokes.length - 1];
  for (const one of event.getCoalescedEvents?.() ?? [event]) {
    const point = at(one);
    const last = stroke[stroke.length - 1];
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < 4) continue;
    if (strokes.reduce((sum, each) => sum + each.length, 0) >= MOST) return;
    line(last, point);
    stroke.push(point);
  }
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    drawing = false;
    keep();
  });
}
pad.querySelector("[data-clear]").addEventListener("click", () => {
  strokes = [];
  pen.clearRect(0, 0, canvas.width, canvas.height);
  keep();
});
pad.hidden = false;
