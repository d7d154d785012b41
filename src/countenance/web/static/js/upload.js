// SPDX-License-Identifier: Apache-2.0
// Sends chosen or dropped photos one by one to an ingest, and shows what became of each. A photo is sent again until it
// arrives: twice is once for the server. What was sent stays, whatever becomes of this page.

const AT_ONCE = 3;
const LISTED = 200;
const LONGEST_WAIT_S = 30;
const BUSY = new Set([429, 502, 503, 504]); // too much at once, or the server starts anew behind a proxy

const form = document.getElementById("upload");
if (form) start();

function start() {
  const input = form.querySelector('input[type="file"]');
  const drop = form.querySelector(".drop");
  const button = form.querySelector("button");
  const ready = () => {
    button.disabled = input.files.length === 0;
  };
  input.addEventListener("change", ready);
  ready();
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    ready();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.files.length) new Sending([...input.files]).run();
  });
}

class Sending {
  constructor(files) {
    this.files = files;
    this.next = 0;
    this.done = 0;
    this.stopped = false;
    this.waiting = 0;
    this.text = document.getElementById("sending-text");
    this.bar = document.getElementById("sending-bar");
    this.list = document.getElementById("sending-list");
    document.getElementById("sending-stop").addEventListener("click", () => {
      this.stopped = true;
    });
    this.warn = (event) => event.preventDefault();
  }

  async run() {
    document.getElementById("sending").hidden = false;
    form.hidden = true;
    this.bar.max = this.files.length;
    addEventListener("beforeunload", this.warn);
    this.began = performance.now();
    this.tell();
    try {
      const asked = { kind: "upload", source: form.source.value, ask: form.ask.checked, total: this.files.length };
      const job = await this.ask("/api/v1/ingests", JSON.stringify(asked), "application/json");
      this.job = `/api/v1/ingests/${job.id}`;
      document.getElementById("sending-job").href = `/ingests/${job.id}`;
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
      if (this.fault) throw this.fault;
      await this.ask(`${this.job}/${this.stopped ? "cancel" : "finish"}`, "", "application/json");
      removeEventListener("beforeunload", this.warn);
      location.assign(`/ingests/${job.id}`);
    } catch (error) {
      removeEventListener("beforeunload", this.warn);
      this.text.textContent = error.message;
      this.text.className = "notice bad";
    }
  }

  async work() {
    while (this.next < this.files.length && !this.stopped && !this.fault) {
      const file = this.files[this.next++];
      try {
        this.show(file, await this.send(file));
      } catch (error) {
        if (error.status === 413 || error.status === 422) this.show(file, { reason: error.message });
        else this.fault = error; // signed out, or the source was revoked: nothing more can be sent
      }
      this.done += 1;
      this.tell();
    }
  }

  async send(file) {
    if (file.size > Number(form.dataset.largest) * 2 ** 20) return { reason: form.dataset.large };
    // Not in the address: addresses end up in logs, and names of files may name people.
    const name = { "Countenance-File-Name": encodeURIComponent(file.name) };
    return this.ask(`${this.job}/photos`, file, "application/octet-stream", name);
  }

  // Ask until there is an answer: a lost connection, and a server that is busy, are waited for.
  async ask(url, body, kind, more = {}) {
    for (let failures = 0; ; failures += 1) {
      let answer;
      let said;
      try {
        answer = await fetch(url, { method: "POST", body, headers: { "Content-Type": kind, ...more }, credentials: "same-origin" });
        said = await answer.text(); // a line may break in the middle of an answer
      } catch (error) {
        if (this.stopped) throw error;
        await this.pause(Math.min(LONGEST_WAIT_S, 2 ** failures));
        continue;
      }
      if (BUSY.has(answer.status)) {
        await this.pause(Math.min(LONGEST_WAIT_S, Number(answer.headers.get("Retry-After")) || 2 ** failures));
        continue;
      }
      said = JSON.parse(said);
      if (answer.ok) return said;
      const error = new Error(said.detail || said.title || form.dataset.refused);
      error.status = answer.status;
      throw error;
    }
  }

  async pause(seconds) {
    this.waiting += 1;
    this.tell();
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      addEventListener(
        "online",
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
    this.waiting -= 1;
    this.tell();
  }

  tell() {
    const seconds = (performance.now() - this.began) / 1000;
    const rate = this.done / Math.max(seconds, 0.1);
    const said = form.dataset.sent.replace("{done}", this.done).replace("{total}", this.files.length);
    const left = Math.ceil((this.files.length - this.done) / Math.max(rate, 0.01));
    const more = this.done && this.done < this.files.length;
    const pace = more ? `, ${form.dataset.left.replace("{n}", left).replace("{rate}", rate.toFixed(1))}` : "";
    this.text.textContent = this.waiting ? form.dataset.waits : said + pace;
    this.bar.value = this.done;
  }

  show(file, outcome) {
    const line = document.createElement("li");
    const words = { new: form.dataset.new, known: form.dataset.known };
    const kind = outcome.marks?.includes("known") ? "known" : "new";
    line.textContent = `${file.name}: ${outcome.reason ? outcome.detail || outcome.reason : words[kind]}`;
    line.className = outcome.reason ? "left-out" : "";
    this.list.prepend(line);
    while (this.list.childElementCount > LISTED) this.list.lastElementChild.remove();
  }
}
