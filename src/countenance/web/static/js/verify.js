// SPDX-License-Identifier: Apache-2.0
// The page that checks dropped files, in this browser only. Its texts are the data- attributes of #verify.

import { verifyFiles } from "./documents.js";
import { parseKeys } from "./proofs.js";

const root = document.getElementById("verify");
const keys = document.getElementById("f-keys");
const picker = document.getElementById("f-files");
const area = document.getElementById("drop");
const output = document.getElementById("results");
const say = root.dataset;
let files = [];

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function shown(result) {
  const box = element("section", `notice ${result.proved ? "good" : "bad"}`);
  const name = result.name ?? say.together;
  box.append(element("h2", "", `${name}: ${result.proved ? say.proved : `${say.notProved} (${result.error})`}`));
  if (result.proved) {
    const list = element("ul");
    list.lang = "en";
    for (const sentence of result.sentences) list.append(element("li", "id", sentence));
    box.append(list);
  } else {
    const line = element("p", "id", result.message);
    line.lang = "en";
    box.append(line);
  }
  return box;
}

async function checkFiles() {
  if (!files.length) return;
  if (!globalThis.crypto?.subtle) {
    output.replaceChildren(element("p", "notice bad", say.insecure));
    return;
  }
  let trust;
  try {
    trust = await parseKeys(keys.value);
    if (!trust.keys.length) throw new Error(say.noKey);
  } catch (error) {
    output.replaceChildren(element("p", "notice bad", error.message));
    return;
  }
  const results = await verifyFiles(files, trust);
  const by = say.own && keys.value.trim() === say.own ? say.byOwn : say.byYours;
  output.replaceChildren(element("p", "soft", by), ...results.map(shown));
  output.dataset.checked = String(results.length);
}

async function take(list) {
  files = await Promise.all([...list].map(async (one) => ({ name: one.name, bytes: new Uint8Array(await one.arrayBuffer()) })));
  await checkFiles();
}

picker.addEventListener("change", () => take(picker.files));
keys.addEventListener("change", checkFiles);
document.getElementById("own-key")?.addEventListener("click", () => {
  keys.value = say.own;
  checkFiles();
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  area.addEventListener(kind, (event) => {
    event.preventDefault();
    area.classList.toggle("over", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files);
  });
}
