// SPDX-License-Identifier: Apache-2.0
// Signs in with a passkey, or makes one: [data-passkey="sign-in"] and [data-passkey="enrol"].

const API = "/api/v1";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

function isPossible() {
  const isName = !/^[\d.]+$|:|^\[/.test(location.hostname); // an address in digits cannot own a passkey
  return window.isSecureContext && "PublicKeyCredential" in window && isName;
}

async function send(path, body) {
  const answer = await fetch(API + path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  throw new Error((await answer.json()).detail);
}

async function make(label) {
  const options = await send("/factors/passkey/options");
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  for (const one of options.excludeCredentials ?? []) one.id = bytes(one.id);
  const made = await navigator.credentials.create({ publicKey: options });
  const response = {
    clientDataJSON: text(made.response.clientDataJSON),
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  };
  await send("/factors/passkey", { answer: written(made, response), label });
}

async function use() {
  const options = await send("/sessions/passkey/options");
  options.challenge = bytes(options.challenge);
  for (const one of options.allowCredentials ?? []) one.id = bytes(one.id);
  const found = await navigator.credentials.get({ publicKey: options });
  const response = {
    clientDataJSON: text(found.response.clientDataJSON),
    authenticatorData: text(found.response.authenticatorData),
    signature: text(found.response.signature),
    userHandle: found.response.userHandle ? text(found.response.userHandle) : null,
  };
  await send("/sessions/passkey", { answer: written(found, response) });
}

function written(one, response) {
  return JSON.stringify({ id: one.id, rawId: text(one.rawId), type: one.type, response, clientExtensionResults: {} });
}

function start(part) {
  const button = part.querySelector("button");
  const failure = part.querySelector("[data-failed]");
  const label = part.querySelector("input");

  function tell(words) {
    failure.textContent = words;
    failure.hidden = words === "";
  }

  if (!isPossible()) {
    failure.classList.replace("bad", "info");
    for (const field of part.querySelectorAll(".field")) field.hidden = true;
    tell(failure.dataset.impossible);
    return;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (label && !label.reportValidity()) return;
    button.disabled = true;
    tell("");
    try {
      await (part.dataset.passkey === "enrol" ? make(label.value) : use());
      location.assign(part.dataset.next);
    } catch (error) {
      // The browser's own words (NotAllowedError and the like) say nothing to people; the server's do.
      tell(error instanceof DOMException || !error.message ? failure.dataset.failed : error.message);
      button.disabled = false;
    }
  });
}

for (const part of document.querySelectorAll("[data-passkey]")) start(part);
