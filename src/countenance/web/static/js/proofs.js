// SPDX-License-Identifier: Apache-2.0
// Keys, signed notes, checkpoints, Merkle proofs and entries, as docs/formats has them: parsed, checked, or refused with
// the codes of `countenance verify`. WebCrypto does SHA-256 and Ed25519.

export class VerificationFailed extends Error {
  constructor(code, message) {
    super(message);
    this.code = code; // as in countenance.errors
  }
}
export const fail = (code, message) => {
  throw new VerificationFailed(code, message);
};
export const malformed = (message) => fail("malformed", message);

// ---- bytes

const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"; // as Python has it
const HAS_SPACE = new RegExp(`[${SPACE}]`, "u");
export const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");
const HASH_BYTES = 32;
const MAX_NOTE_BYTES = 262144;
const MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * 65535;
const MAX_ENTRY_BYTES = 65535;

export const utf8 = (text) => new TextEncoder().encode(text);
export const toHex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const isSame = (a, b) => a.length === b.length && a.every((one, at) => one === b[at]);
export const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(parts)));

function join(parts) {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}

export function text(bytes, what, most) {
  if (bytes.length > most) malformed(`${what} of ${bytes.length} bytes; at most ${most} are read`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return malformed(`${what} is UTF-8 text`);
  }
}

function toBase64(bytes) {
  let said = "";
  for (const one of bytes) said += String.fromCharCode(one);
  return btoa(said);
}

export function fromBase64(said) {
  let raw = "";
  try {
    raw = atob(said);
  } catch {
    malformed("not base64");
  }
  const bytes = Uint8Array.from(raw, (one) => one.charCodeAt(0));
  return toBase64(bytes) === said ? bytes : malformed("base64 in another form");
}

export function fromHex(said, length) {
  if (typeof said !== "string" || !new RegExp(`^[0-9a-f]{${2 * length}}$`).test(said)) malformed(`expected ${length} bytes in lower-case hex`);
  return Uint8Array.from(said.match(/../g), (one) => parseInt(one, 16));
}

function byCodePoint(a, b) {
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let at = 0; at < Math.min(x.length, y.length); at += 1) {
    if (x[at] !== y[at]) return x[at].codePointAt(0) - y[at].codePointAt(0);
  }
  return x.length - y.length;
}

export function canonical(value) {
  if (typeof value === "string") return value.isWellFormed() ? JSON.stringify(value) : malformed("a text that is not Unicode");
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : malformed("a number without a canonical form");
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  return `{${Object.keys(value).sort(byCodePoint).map((key) => `${canonical(key)}:${canonical(value[key])}`).join(",")}}`;
}

// ---- keys and signed notes (C2SP signed-note)

const SIGNATURE = 1;
const COSIGNATURE = 4;
const isName = (name) => name !== "" && !name.includes("+") && !HAS_SPACE.test(name);

/** Return the key that one line names: {name, type, public, label}. */
export async function parseKey(line) {
  const said = line.replace(ENDS, "");
  const [name, id, ...rest] = said.split("+");
  const raw = rest.length ? fromBase64(rest.join("+")) : new Uint8Array();
  if (!isName(name) || raw.length !== 33 || ![SIGNATURE, COSIGNATURE].includes(raw[0])) {
    malformed(`"${said}" is no key`);
  }
  const right = toHex((await sha256(utf8(`${name}\n`), raw)).slice(0, 4));
  if (right !== id) malformed(`the id in "${said}" is not that of its bytes`);
  return { name, type: raw[0], public: raw.slice(1), label: `${name}+${id}` };
}

/** Return {keys, witnesses} of a text with one key a line; blank lines and # comments are skipped. */
export async function parseKeys(said) {
  const found = [];
  for (const line of said.split("\n")) if (line.trim() && !line.startsWith("#")) found.push(await parseKey(line));
  return { keys: found.filter((one) => one.type === SIGNATURE), witnesses: found.filter((one) => one.type === COSIGNATURE) };
}

export async function check(key, signature, message) {
  let holds = false;
  try {
    const imported = await crypto.subtle.importKey("raw", key.public, "Ed25519", false, ["verify"]);
    holds = await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch (error) {
    if (error.name === "NotSupportedError") throw new Error("this browser cannot check Ed25519 signatures; take a newer one, or `countenance verify`");
  }
  if (!holds) fail("bad_signature", `the signature of ${key.label} is not of that key over these bytes`);
}

export function parseNote(bytes) {
  const whole = text(bytes, "a signed note", MAX_NOTE_BYTES);
  const cut = whole.lastIndexOf("\n\n");
  if (cut < 0 || cut + 2 === whole.length || !whole.endsWith("\n") || /[\0-\x09\x0b-\x1f]/.test(whole)) {
    malformed("not a signed note");
  }
  const signatures = whole.slice(cut + 2, -1).split("\n").map((line) => {
    const [dash, name, ...rest] = line.split(" ");
    if (dash !== "\u2014" || name === undefined || !isName(name)) malformed("a signature line is none");
    const raw = fromBase64(rest.join(" "));
    if (raw.length <= 4) malformed(`the signature of ${name} is empty`);
    return { label: `${name}+${toHex(raw.slice(0, 4))}`, blob: raw.slice(4) };
  });
  return { text: whole.slice(0, cut + 1), signatures };
}

export function parseCheckpoint(said) {
  const lines = said.split("\n");
  if (lines.length < 4 || lines.pop() !== "" || lines.includes("")) malformed("a checkpoint is at least three lines");
  const [origin, size, root] = lines;
  if (!/^(0|[1-9][0-9]{0,18})$/.test(size) || BigInt(size) >= 2n ** 63n) malformed(`"${size}" is no number of entries`);
  const raw = fromBase64(root);
  return raw.length === HASH_BYTES ? { origin, size: BigInt(size), root: raw } : malformed("a root hash is 32 bytes");
}

export async function verifyCheckpoint(bytes, trust) {
  const note = parseNote(bytes);
  const head = parseCheckpoint(note.text);
  const keys = trust.keys.filter((key) => key.name === head.origin);
  if (!keys.length) {
    const names = [...new Set(trust.keys.map((key) => key.name))].sort().join(", ");
    fail("wrong_log", `this is of the log ${head.origin}; the keys given are of ${names}`);
  }
  const by = (key) => note.signatures.filter((one) => one.label === key.label);
  const known = keys.filter((key) => by(key).length);
  if (!known.length) fail("unknown_key", `signed by ${note.signatures.map((one) => one.label).sort().join(", ")}, and by none of the keys given`);
  for (const key of known) for (const one of by(key)) await check(key, one.blob, utf8(note.text));
  head.witnesses = [];
  for (const key of trust.witnesses) {
    const one = by(key)[0];
    if (one === undefined) continue;
    if (one.blob.length !== 72) fail("bad_signature", `the cosignature of ${key.label} is not 72 bytes`);
    const seconds = new DataView(one.blob.buffer, one.blob.byteOffset).getBigUint64(0);
    await check(key, one.blob.slice(8), utf8(`cosignature/v1\ntime ${seconds}\n${note.text}`));
    if (seconds > 253402300799n) malformed(`the witness ${key.name} wrote a time that no clock shows`);
    head.witnesses.push({ name: key.name, at: new Date(Number(seconds) * 1000).toISOString() });
  }
  if (head.witnesses.length < trust.witnesses.length) {
    fail("quorum_not_reached", `cosigned by ${head.witnesses.length} of the witnesses given; ${trust.witnesses.length} are asked for`);
  }
  return head;
}

// ---- the Merkle tree (RFC 6962, RFC 9162 section 2.1)

export const leafHash = (data) => sha256(Uint8Array.of(0), data);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

/** Say for each sibling on the way up from a node whether it stands on the left. */
function sides(position, last) {
  const found = [];
  while (last) {
    const isLeft = (position & 1n) === 1n || position === last;
    found.push(isLeft);
    while (isLeft && position && !(position & 1n)) [position, last] = [position >> 1n, last >> 1n];
    [position, last] = [position >> 1n, last >> 1n];
  }
  return found;
}

async function verifyInclusion(leaf, index, head, hashes) {
  const { size, root } = head;
  if (index >= size) fail("not_included", `leaf ${index} cannot be in a log of ${size} entries`);
  const way = sides(index, size - 1n);
  if (way.length !== hashes.length) fail("not_included", `the proof of leaf ${index} of ${size} has ${hashes.length} hashes; it takes ${way.length}`);
  let running = leaf;
  for (const [at, isLeft] of way.entries()) running = await (isLeft ? nodeHash(hashes[at], running) : nodeHash(running, hashes[at]));
  if (!isSame(running, root)) fail("not_included", `the proof does not lead from this leaf, as number ${index}, to the root of ${size} entries`);
}

export async function verifyConsistency(old, head, proof) {
  const [from, to] = [old.size, head.size];
  if (from > to) fail("not_consistent", `a log of ${from} entries cannot have become one of ${to}`);
  if (from === to && !isSame(old.root, head.root)) fail("forked", `two roots for the same ${from} entries`);
  if (from === 0n || from === to) {
    if (proof.length || (from === 0n && !isSame(old.root, await sha256()))) fail("not_consistent", `from ${from} to ${to} entries there is nothing to prove, yet a proof was given`);
    return;
  }
  let [position, last] = [from - 1n, to - 1n];
  while (position & 1n) [position, last] = [position >> 1n, last >> 1n];
  const way = sides(position, last);
  const hashes = from & (from - 1n) ? proof : [old.root, ...proof];
  if (hashes.length !== 1 + way.length) fail("not_consistent", `the proof from ${from} to ${to} entries has ${proof.length} hashes`);
  let [was, is] = [hashes[0], hashes[0]];
  for (const [at, isLeft] of way.entries()) {
    const sibling = hashes[at + 1];
    if (isLeft) was = await nodeHash(sibling, was);
    is = await (isLeft ? nodeHash(sibling, is) : nodeHash(is, sibling));
  }
  if (!isSame(was, old.root) || !isSame(is, head.root)) fail("not_consistent", `the log of ${to} entries does not begin with the log of ${from} entries`);
}

// ---- proofs (C2SP tlog-proof, and of growth)

export const HEADER = "c2sp.org/tlog-proof@v1";
const LINES = `((?:[^${SPACE}]+\\n)*)\\n(.+)`;
const ENTRY_FORM = new RegExp(`^${HEADER.replaceAll(".", "\\.")}\\n(?:extra ([^${SPACE}]+)\\n)?index (0|[1-9][0-9]{0,18})\\n${LINES}$`, "su");
const GROWTH_FORM = new RegExp(`^old (0|[1-9][0-9]{0,18})\\n${LINES}$`, "su");

function parseHashes(lines) {
  const hashes = lines.split("\n").slice(0, -1).map(fromBase64);
  if (hashes.length > 63 || hashes.some((one) => one.length !== HASH_BYTES)) malformed("a proof holds at most 63 hashes of 32 bytes");
  return hashes;
}

function matched(form, bytes, what) {
  return form.exec(text(bytes, "a proof", MAX_PROOF_BYTES)) ?? malformed(what);
}

export function parseProof(bytes) {
  const found = matched(ENTRY_FORM, bytes, `not a proof of an entry`);
  const hashes = parseHashes(found[3]);
  return { index: BigInt(found[2]), hashes, checkpoint: utf8(found[4]), extra: found[1] === undefined ? null : fromBase64(found[1]) };
}

export function parseGrowth(bytes) {
  const found = matched(GROWTH_FORM, bytes, "not a proof of growth");
  return { old: BigInt(found[1]), hashes: parseHashes(found[2]), checkpoint: utf8(found[3]) };
}

export async function verifyProof(proof, leaf, trust) {
  const head = await verifyCheckpoint(proof.checkpoint, trust);
  await verifyInclusion(leaf, proof.index, head, proof.hashes);
  return head;
}

// ---- entries

const TAG = /^[a-z_]{1,40}:[a-z_]{1,40}:[a-z_]{1,40}$/;
const isMoment = (said) => /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(said) && !isNaN(new Date(said)) && new Date(said).toISOString() === said;
export const moment = (said) => (isMoment(said) ? said : malformed(`"${said}" is no time`));

export function parseEntry(bytes) {
  const said = text(bytes, "an entry", MAX_ENTRY_BYTES);
  let entry = null;
  try {
    entry = JSON.parse(said);
  } catch {
    malformed("not an entry of this kind of log");
  }
  const isOne = entry !== null && typeof entry === "object" && Object.keys(entry).sort().join() === "commitment,hour,tag,v";
  if (!isOne || entry.v !== 1) malformed("not an entry of this kind of log");
  if (!/^\d{4}-\d\d-\d\dT\d\dZ$/.test(entry.hour) || !isMoment(`${entry.hour.slice(0, 13)}:00:00.000Z`)) malformed(`"${entry.hour}" is no hour`);
  if (!TAG.test(entry.tag)) malformed(`"${entry.tag}" is no event tag such as subject:release:signed`);
  fromHex(entry.commitment, HASH_BYTES);
  return canonical(entry) === said ? entry : malformed("an entry that is not in canonical form");
}

export async function leafOf(at, tag, salt, record) {
  const commitment = toHex(await sha256(salt, utf8(canonical(record))));
  return leafHash(utf8(canonical({ v: 1, hour: `${at.slice(0, 13)}Z`, tag, commitment })));
}
