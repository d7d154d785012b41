// SPDX-License-Identifier: Apache-2.0
// The picture after the signature: from the camera, with a hint on light and sharpness that is computed here, in the
// browser; nothing leaves it before the person presses "Use this picture". Without a camera the file field is left.

const SIDE = 160; // pixels of the small copy that is measured, every half second
const form = document.querySelector("#picture");
const parts = Object.fromEntries(
  ["camera", "hint", "take", "again", "start", "send"].map((name) => [name, form.querySelector(`[data-${name}]`)]),
);
const video = form.querySelector("video");
const shot = form.querySelector(".mirror img");
const file = form.querySelector("input[type=file]");
const small = document.createElement("canvas");
let stream = null;
let timer = 0;

function luma(context, width, height) {
  const { data } = context.getImageData(0, 0, width, height);
  const found = new Float32Array(width * height);
  for (let i = 0; i < found.length; i += 1) {
    found[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  }
  return found;
}

// Returns what is wrong with the middle of the picture, a name of the texts in the page; "ready" for nothing.
function judge() {
  if (Math.min(video.videoWidth, video.videoHeight) < 200) return "small";
  const side = Math.min(video.videoWidth, video.videoHeight) * 0.7;
  small.width = small.height = SIDE;
  const context = small.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, SIDE, SIDE);
  const grey = luma(context, SIDE, SIDE);
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  const variance = grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / grey.length;
  let edges = 0;
  for (let y = 1; y < SIDE - 1; y += 1) {
    for (let x = 1; x < SIDE - 1; x += 1) {
      const i = y * SIDE + x;
      edges += (4 * grey[i] - grey[i - 1] - grey[i + 1] - grey[i - SIDE] - grey[i + SIDE]) ** 2;
    }
  }
  if (mean < 50) return "dark";
  if (mean > 215) return "bright";
  if (variance < 100) return "flat";
  return edges / grey.length / variance < 0.005 ? "blurred" : "ready";
}

function look() {
  if (!stream || !shot.hidden) return;
  const found = judge();
  const text = parts.hint.dataset[found];
  if (parts.hint.textContent !== text) parts.hint.textContent = text;
  parts.hint.classList.toggle("good", found === "ready");
}

function stop() {
  clearInterval(timer);
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
}

async function start() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
    });
  } catch {
    parts.start.hidden = true; // no camera, or not allowed: the file field is there
    file.focus();
    return;
  }
  video.srcObject = stream;
  await video.play();
  parts.camera.hidden = false;
  parts.start.hidden = true;
  parts.send.hidden = true;
  video.hidden = false;
  shot.hidden = true;
  timer = setInterval(look, 500);
  look();
}

parts.start.addEventListener("click", start);
parts.take.addEventListener("click", () => {
  const whole = document.createElement("canvas");
  whole.width = video.videoWidth;
  whole.height = video.videoHeight;
  whole.getContext("2d").drawImage(video, 0, 0);
  whole.toBlob(
    (blob) => {
      const chosen = new DataTransfer();
      chosen.items.add(new File([blob], "picture.jpg", { type: "image/jpeg" }));
      file.files = chosen.files;
      shot.src = URL.createObjectURL(blob);
      shot.hidden = false;
      video.hidden = true;
      parts.take.hidden = true;
      parts.again.hidden = false;
      parts.send.hidden = false;
      parts.send.focus();
      stop();
    },
    "image/jpeg",
    0.95,
  );
});
parts.again.addEventListener("click", () => {
  file.value = "";
  parts.take.hidden = false;
  parts.again.hidden = true;
  start();
});
form.addEventListener("submit", stop);
addEventListener("pagehide", stop);
if (navigator.mediaDevices?.getUserMedia) {
  parts.start.hidden = false;
}
