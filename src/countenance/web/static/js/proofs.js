// SPDX-License-Identifier: Apache-2.0
// The verifier of `countenance verify` for browsers: certificates, releases, proofs and checkpoints in, what they prove
// out, or the same error codes (docs/formats). Nothing is asked of any server; WebCrypto does SHA-256 and Ed25519.

export class VerificationFailed extends Error {
  constructor(code, message) {
    super(message);
    this.code = code; // as in countenance.errors
  }
}
const fail = (code, message) => {
  throw new VerificationFailed(code, message);
};
const malformed = (message) => fail("malformed", message);

// ---- bytes

const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"; // as Python has it
const HAS_SPACE = new RegExp(`[${SPACE}]`, "u");
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");
const HASH_BYTES = 32;
const MAX_DOCUMENT_BYTES = 16 * 2 ** 20;
const MAX_NOTE_BYTES = 262144;
const MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * 65535;
const MAX_ENTRY_BYTES = 65535;

const utf8 = (text) => new TextEncoder().encode(text);
const toHex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const isSame = (a, b) => a.length === b.length && a.every((one, at) => one === b[at]);
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(parts)));

function join(parts) {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}

function text(bytes, what) {
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

function fromBase64(said) {
  let raw = "";
  try {
    raw = atob(said);
  } catch {
    malformed("not base64");
  }
  const bytes = Uint8Array.from(raw, (one) => one.charCodeAt(0));
  return toBase64(bytes) === said ? bytes : malformed("base64 that is written in another way than the one");
}

function fromHex(said, length) {
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

function canonical(value) {
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
    malformed(`"${said}" is no key such as example.com/log+530d903a+AekyeRrm...`);
  }
  const right = toHex((await sha256(utf8(`${name}\n`), raw)).slice(0, 4));
  if (right !== id) malformed(`the id in "${said}" is not that of its bytes; it was mistyped or changed`);
  return { name, type: raw[0], public: raw.slice(1), label: `${name}+${id}` };
}

/** Return {keys, witnesses} of a text with one key a line; blank lines and # comments are skipped. */
export async function parseKeys(said) {
  const found = [];
  for (const line of said.split("\n")) if (line.trim() && !line.startsWith("#")) found.push(await parseKey(line));
  return { keys: found.filter((one) => one.type === SIGNATURE), witnesses: found.filter((one) => one.type === COSIGNATURE) };
}

async function check(key, signature, message) {
  let holds = false;
  try {
    const imported = await crypto.subtle.importKey("raw", key.public, "Ed25519", false, ["verify"]);
    holds = await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch (error) {
    if (error.name === "NotSupportedError") throw new Error("this browser cannot check Ed25519 signatures; take a newer one, or `countenance verify`");
  }
  if (!holds) fail("bad_signature", `the signature of ${key.label} is not of that key over these bytes`);
}

function parseNote(bytes) {
  if (bytes.length > MAX_NOTE_BYTES) malformed(`a signed note of ${bytes.length} bytes; at most ${MAX_NOTE_BYTES} are read`);
  const whole = text(bytes, "a signed note");
  const cut = whole.lastIndexOf("\n\n");
  // eslint-disable-next-line no-control-regex
  if (cut < 0 || cut + 2 === whole.length || !whole.endsWith("\n") || /[\0-\x09\x0b-\x1f]/.test(whole)) {
    malformed("not a signed note: a text, an empty line and signature lines");
  }
  const signatures = whole.slice(cut + 2, -1).split("\n").map((line) => {
    const [dash, name, ...rest] = line.split(" ");
    if (dash !== "\u2014" || name === undefined || !isName(name)) malformed("a signature line is an em dash, the key's name and base64");
    const raw = fromBase64(rest.join(" "));
    if (raw.length <= 4) malformed(`the signature of ${name} is empty`);
    return { label: `${name}+${toHex(raw.slice(0, 4))}`, blob: raw.slice(4) };
  });
  return { text: whole.slice(0, cut + 1), signatures };
}

function parseCheckpoint(said) {
  const lines = said.split("\n");
  if (lines.length < 4 || lines.pop() !== "" || lines.includes("")) malformed("a checkpoint is at least three lines that are not empty: origin, size, root");
  const [origin, size, root] = lines;
  if (!/^(0|[1-9][0-9]{0,18})$/.test(size) || BigInt(size) >= 2n ** 63n) malformed(`"${size}" is no number of entries`);
  const raw = fromBase64(root);
  return raw.length === HASH_BYTES ? { origin, size: BigInt(size), root: raw } : malformed("a root hash is 32 bytes");
}

async function verifyCheckpoint(bytes, trust) {
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

const leafHash = (data) => sha256(Uint8Array.of(0), data);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

/** Say for each sibling on the way up from a node whether it stands on the left. */
export function sides(position, last) {
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

async function verifyConsistency(old, head, proof) {
  const [from, to] = [old.size, head.size];
  if (from > to) fail("not_consistent", `a log of ${from} entries cannot have become one of ${to}`);
  if (from === to && !isSame(old.root, head.root)) fail("forked", `two roots for the same ${from} entries: the log shows different histories to different people`);
  if (from === 0n || from === to) {
    if (proof.length || (from === 0n && !isSame(old.root, await sha256()))) fail("not_consistent", `from ${from} to ${to} entries there is nothing to prove, yet a proof was given`);
    return;
  }
  let [position, last] = [from - 1n, to - 1n];
  while (position & 1n) [position, last] = [position >> 1n, last >> 1n];
  const way = sides(position, last);
  const hashes = from & (from - 1n) ? proof : [old.root, ...proof];
  if (hashes.length !== 1 + way.length) fail("not_consistent", `the proof from ${from} to ${to} entries has ${proof.length} hashes, which is not what it takes`);
  let [was, is] = [hashes[0], hashes[0]];
  for (const [at, isLeft] of way.entries()) {
    const sibling = hashes[at + 1];
    if (isLeft) was = await nodeHash(sibling, was);
    is = await (isLeft ? nodeHash(sibling, is) : nodeHash(is, sibling));
  }
  if (!isSame(was, old.root) || !isSame(is, head.root)) fail("not_consistent", `the log of ${to} entries does not begin with the log of ${from} entries`);
}

// ---- proofs (C2SP tlog-proof, and of growth)

const HEADER = "c2sp.org/tlog-proof@v1";
const LINES = `((?:[^${SPACE}]+\\n)*)\\n(.+)`;
const ENTRY_FORM = new RegExp(`^${HEADER.replaceAll(".", "\\.")}\\n(?:extra ([^${SPACE}]+)\\n)?index (0|[1-9][0-9]{0,18})\\n${LINES}$`, "su");
const GROWTH_FORM = new RegExp(`^old (0|[1-9][0-9]{0,18})\\n${LINES}$`, "su");

function parseHashes(lines) {
  const hashes = lines.split("\n").slice(0, -1).map(fromBase64);
  if (hashes.length > 63 || hashes.some((one) => one.length !== HASH_BYTES)) malformed("a proof holds at most 63 hashes of 32 bytes");
  return hashes;
}

function matched(form, bytes, what) {
  if (bytes.length > MAX_PROOF_BYTES) malformed(`a proof of ${bytes.length} bytes; at most ${MAX_PROOF_BYTES} are read`);
  return form.exec(text(bytes, "a proof")) ?? malformed(what);
}

function parseProof(bytes) {
  const found = matched(ENTRY_FORM, bytes, `not a proof of an entry: ${HEADER}, an index, hashes, an empty line and a checkpoint`);
  const hashes = parseHashes(found[3]);
  return { index: BigInt(found[2]), hashes, checkpoint: utf8(found[4]), extra: found[1] === undefined ? null : fromBase64(found[1]) };
}

function parseGrowth(bytes) {
  const found = matched(GROWTH_FORM, bytes, "not a proof of growth: the old size, hashes, an empty line and a checkpoint");
  return { old: BigInt(found[1]), hashes: parseHashes(found[2]), checkpoint: utf8(found[3]) };
}

async function verifyProof(proof, leaf, trust) {
  const head = await verifyCheckpoint(proof.checkpoint, trust);
  await verifyInclusion(leaf, proof.index, head, proof.hashes);
  return head;
}

// ---- entries

const TAG = /^[a-z_]{1,40}:[a-z_]{1,40}:[a-z_]{1,40}$/;
const isMoment = (said) => /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(said) && !isNaN(new Date(said)) && new Date(said).toISOString() === said;
const moment = (said) => (isMoment(said) ? said : malformed(`"${said}" is no time such as 2026-11-24T22:16:00.000Z`));

function parseEntry(bytes) {
  if (bytes.length > MAX_ENTRY_BYTES) malformed(`an entry of ${bytes.length} bytes; at most ${MAX_ENTRY_BYTES} fit`);
  const said = text(bytes, "an entry");
  let entry = null;
  try {
    entry = JSON.parse(said);
  } catch {
    malformed("not an entry of this kind of log");
  }
  const isOne = entry !== null && typeof entry === "object" && Object.keys(entry).sort().join() === "commitment,hour,tag,v";
  if (!isOne || entry.v !== 1) malformed("not an entry of this kind of log");
  if (!/^\d{4}-\d\d-\d\dT\d\dZ$/.test(entry.hour) || !isMoment(`${entry.hour.slice(0, 13)}:00:00.000Z`)) malformed(`"${entry.hour}" is no hour such as 2026-11-24T22Z`);
  if (!TAG.test(entry.tag)) malformed(`"${entry.tag}" is no event tag such as subject:release:signed`);
  fromHex(entry.commitment, HASH_BYTES);
  return canonical(entry) === said ? entry : malformed("an entry that is not in canonical form");
}

async function leafOf(at, tag, salt, record) {
  const commitment = toHex(await sha256(salt, utf8(canonical(record))));
  return leafHash(utf8(canonical({ v: 1, hour: `${at.slice(0, 13)}Z`, tag, commitment })));
}

// ---- documents

function readDocument(bytes) {
  if (bytes.length > MAX_DOCUMENT_BYTES) malformed(`a document of ${bytes.length} bytes; at most ${MAX_DOCUMENT_BYTES} are read`);
  const said = text(bytes, "a document");
  let fields = null;
  let again = "";
  try {
    fields = JSON.parse(said);
    again = canonical(fields);
  } catch (error) {
    malformed(error instanceof VerificationFailed ? `not a JSON document: ${error.message}` : "not a JSON document");
  }
  if (fields === null || typeof fields !== "object" || Array.isArray(fields) || `${again}\n` !== said) malformed("not in canonical form: keys sorted, no white space, one line");
  const { signatures, tlog_proof: proof, ...body } = fields;
  if (!Array.isArray(signatures) || typeof proof !== "string") malformed("a document carries its signatures and its tlog_proof");
  const read = signatures.map((one) => {
    if (typeof one?.sig !== "string" || one.key === undefined) malformed("a document carries its signatures and its tlog_proof");
    return { label: String(one.key), signature: fromBase64(one.sig) };
  });
  const parsed = parseProof(utf8(proof));
  if (parsed.extra !== null) malformed("the tlog_proof of a document has no extra line: its leaf follows from the document");
  return { body, signatures: read, proof: parsed };
}

async function verifyDocument(document, leaf, trust) {
  const message = utf8(canonical(document.body));
  const signers = new Set();
  for (const { label, signature } of document.signatures) {
    for (const key of trust.keys.filter((one) => one.label === label)) {
      await check(key, signature, message);
      signers.add(key.name);
    }
  }
  if (!signers.size) fail("unknown_key", `signed by ${document.signatures.map((one) => one.label).join(", ") || "nobody"}, and by none of the keys given`);
  const head = await verifyProof(document.proof, leaf, trust);
  if (!signers.has(head.origin)) fail("wrong_log", `signed by ${[...signers].sort().join(", ")}, but proved by the log ${head.origin}`);
  return head;
}

// ---- the certificate: its fields in the order in which they are read, then what must add up

const LEFT = ["held", "failed", "deferred", "evidence"];
const COUNTS = { targeted: "int", destroyed: "int", held: "int", failed: "int", deferred: "int" };
const FIELDS = {
  id: "text", run_id: "text", order_ref: "text", operator: "text", place: "text", destination: "text", scope_text: "text",
  class_snapshot_root: "text?", counts: COUNTS, unknown_treated_as_member: "int", methods: ["text"],
  stores: [{ store: "text", kind: "text", method: "text", before: "int", counts: COUNTS, keys_destroyed: "int", tool: "text", evidence_sha256: "text?" }],
  carve_outs: [{ kind: "left", store: "text", count: "int", reason: "text", until: "moment?" }],
  policy_pack_hashes: "texts",
  software: { version: "text", commit: "text?", sbom_sha256: "text?", dependencies: "texts" },
  period: { start: "moment", end: "moment" },
  verification: { id: "text", level: "int", at: "moment", checks: [{ name: "text", expected: "int", observed: "int" }] },
  limitations: ["text"], declarant: { name: "text", title: "text" }, declaration: "text", signed_at: "moment", supersedes: "text?", salt: "text",
};
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function readField(kind, value, where) {
  const wrong = () => malformed(`${where} is not what a certificate holds there`);
  if (Array.isArray(kind)) return Array.isArray(value) ? value.forEach((one, at) => readField(kind[0], one, `${where}[${at}]`)) : wrong();
  if (isObject(kind)) return isObject(value) ? readRecord(kind, value, where) : wrong();
  if (kind.endsWith("?")) return value === null ? undefined : readField(kind.slice(0, -1), value, where);
  if (kind === "texts") return isObject(value) ? Object.entries(value).forEach(([name, one]) => readField("text", one, `${where}.${name}`)) : wrong();
  if (kind === "int") return typeof value === "number" ? undefined : wrong();
  if (typeof value !== "string") return wrong();
  if (kind === "moment") moment(value);
  if (kind === "left" && !LEFT.includes(value)) malformed(`"${value}" is no reason to leave something`);
}

function readRecord(kind, value, where) {
  const names = Object.keys(kind);
  if (Object.keys(value).sort().join("\n") !== [...names].sort().join("\n")) malformed(`${where} has other fields than ${[...names].sort().join(", ")}`);
  for (const name of names) readField(kind[name], value[name], `${where}.${name}`);
  if (kind !== COUNTS) return;
  const parts = [value.destroyed, value.held, value.failed, value.deferred];
  if (Math.min(...parts) < 0 || parts.reduce((a, b) => a + b) !== value.targeted) {
    fail("contradiction", `${parts[0]} destroyed, ${parts[1]} held, ${parts[2]} failed and ${parts[3]} deferred are not the ${value.targeted} targeted`);
  }
}

function parseCertificate({ schema, title, ...c }) {
  if (schema !== "countenance-certificate-1") malformed("not a certificate: its schema is not countenance-certificate-1");
  readRecord(FIELDS, c, "certificate");
  const contradiction = (message) => fail("contradiction", message);
  fromHex(c.salt, 32);
  for (const why of LEFT.slice(0, 3)) {
    const explained = c.carve_outs.filter((one) => one.kind === why).reduce((sum, one) => sum + one.count, 0);
    if (explained !== c.counts[why]) contradiction(`${c.counts[why]} ${why} in all, but ${explained} explained`);
    const stores = c.stores.filter((one) => one.counts[why]).map((one) => one.store);
    if (stores.length && !explained) contradiction(`nothing ${why} in all, but something in ${stores.join(", ")}`);
  }
  if (c.unknown_treated_as_member < 0 || c.unknown_treated_as_member > c.counts.targeted) contradiction("more members of unknown residency than targets");
  for (const one of c.stores) if (one.before < one.counts.targeted) contradiction(`${one.store} held ${one.before}, of which ${one.counts.targeted} targeted`);
  if (c.verification.level < 0 || c.verification.level > 4) contradiction(`there is no verification level ${c.verification.level}`);
  for (const one of c.verification.checks) if (one.observed !== one.expected) contradiction(`the check ${one.name} found ${one.observed} where ${one.expected} are certified`);
  if (c.period.start > c.period.end || c.period.end > c.signed_at) contradiction("signed before the run had ended, or ended before it started");
  const right = c.counts.held || c.counts.failed || c.counts.deferred ? "partial" : "complete";
  if (title !== right) contradiction(`titled "${title}", while its counts make it ${right}`);
  return { ...c, title };
}

async function verifyCertificate(document, trust) {
  const c = parseCertificate(document.body);
  const leaf = await leafOf(c.signed_at, "custodian:certificate:signed", fromHex(c.salt, 32), document.body);
  const head = await verifyDocument(document, leaf, trust);
  const { targeted, destroyed, held, failed, deferred } = c.counts;
  const left = (one) => `${one.count} ${one.kind} in ${one.store}, ${one.until ? `until ${one.until}` : "with no end set"}: ${one.reason}`;
  return {
    kind: "certificate", head, sentences: [
      `Certificate ${c.id} of ${c.operator}, ${c.title}, signed ${c.signed_at}.`,
      `Scope: ${c.scope_text}`,
      `${targeted} targeted: ${destroyed} destroyed, ${held} held, ${failed} failed, ${deferred} deferred.`,
      ...c.carve_outs.map(left),
      `Verified at level ${c.verification.level} by ${c.verification.checks.length} checks, ${c.verification.at}.`,
      ...(c.supersedes ? [`It supersedes ${c.supersedes}.`] : []),
      "Not shown by this: whether a later certificate supersedes it.",
      `It is entry ${document.proof.index} of the log.`,
    ],
  };
}

// ---- the release

const RELEASES = ["countenance-release-export-1", "countenance-release-iso27560-1"];

async function verifyRelease(document, trust) {
  const { schema, evidence, salt: hex, notice_text: notice, ...record } = document.body;
  const salt = fromHex(hex, 32);
  if (!isObject(evidence) || (Object.keys(record).length > 0) !== (schema === RELEASES[1])) malformed(`not an export of a release: ${RELEASES[0]}, evidence, salt and notice_text`);
  if (notice !== undefined && notice !== null && typeof notice !== "string") malformed("the notice_text is no text");
  if (evidence.schema !== "countenance-release-1") malformed("the evidence is not of the schema countenance-release-1");
  const at = (...keys) => keys.reduce((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : malformed(`the evidence has no ${keys.join(".")}`)), evidence);
  const said = (...keys) => (typeof at(...keys) === "string" ? at(...keys) : malformed(`the evidence's ${keys.join(".")} is no text`));
  const signedAt = moment(said("signature", "signed_at"));
  const head = await verifyDocument(document, await leafOf(signedAt, "subject:release:signed", salt, evidence), trust);
  for (const member of ["kind", "method", "signer", "intent", "role"]) {
    if (!said("signature", member).replace(ENDS, "")) malformed(`the evidence's signature.${member} is empty: nobody signed`);
  }
  const digest = said("notice", "sha256");
  const hasText = typeof notice === "string";
  if (hasText && toHex(await sha256(utf8(canonical(notice)))) !== digest) {
    fail("contradiction", "the text of the notice is not the one that was signed: its SHA-256 is another");
  }
  const purposes = at("scope", "purposes");
  if (!Array.isArray(purposes)) malformed("the evidence's scope.purposes is no list");
  return {
    kind: "release", head, sentences: [
      `Release ${said("release")} of subject ${said("subject")}, signed ${signedAt} by the ${said("signature", "role")}, until ${said("term_end")}.`,
      `Purposes: ${purposes.join(", ")}.`,
      `Under the notice with SHA-256 ${digest}, ${hasText ? "which is that of the text in this file." : "whose text is not here."}`,
      `The act of signing: ${said("signature", "method")}; ${said("signature", "intent")}.`,
      "Not shown by this: whether it was withdrawn since.",
      `It is entry ${document.proof.index} of the log.`,
    ],
  };
}

// ---- files

async function verifyEntry(bytes, trust) {
  const proof = parseProof(bytes);
  if (proof.extra === null) malformed("this proof does not carry its entry (an extra line), so there is nothing to check it against");
  const entry = parseEntry(proof.extra);
  const head = await verifyProof(proof, await leafHash(proof.extra), trust);
  return { kind: "entry", head, sentences: [`${entry.tag} in the hour ${entry.hour}, commitment ${entry.commitment}.`, `It is entry ${proof.index} of the log.`] };
}

async function verifyGrowth(bytes, trust, others) {
  const proof = parseGrowth(bytes);
  const start = others.find((one) => one.head.size === proof.old);
  if (start === undefined) fail("bad_input", `this proof starts at ${proof.old} entries; give the checkpoint of that size too`);
  const head = await verifyCheckpoint(proof.checkpoint, trust);
  const old = await verifyCheckpoint(start.bytes, { keys: trust.keys, witnesses: [] });
  if (old.origin !== head.origin) fail("wrong_log", `the earlier checkpoint is of ${old.origin}, the later one of ${head.origin}`);
  await verifyConsistency(old, head, proof.hashes);
  return { kind: "growth", head, sentences: [`The log only grew from ${old.size} entries: nothing before was changed or taken out.`] };
}

async function prove(bytes, trust, others) {
  const start = new TextDecoder().decode(bytes.slice(0, 64));
  if (start.startsWith("{")) {
    const document = readDocument(bytes);
    return RELEASES.includes(document.body.schema) ? verifyRelease(document, trust) : verifyCertificate(document, trust);
  }
  if (start.startsWith(HEADER)) return verifyEntry(bytes, trust);
  if (start.startsWith("old ")) return verifyGrowth(bytes, trust, others);
  return { kind: "checkpoint", head: await verifyCheckpoint(bytes, trust), sentences: [] };
}

/**
 * Check files. Each of `files` is {name, bytes}; `trust` is what `parseKeys` returned: at least one key of a log, and every
 * witness given must have cosigned. Returns one {name, proved, kind, sentences} or {name, proved, error, message} per
 * file, and one more, without a name, where two of the checkpoints contradict each other.
 */
export async function verifyFiles(files, trust) {
  const others = files.flatMap(({ bytes }) => {
    try {
      return [{ bytes, head: parseCheckpoint(parseNote(bytes).text) }];
    } catch {
      return [];
    }
  });
  const results = [];
  const roots = new Map();
  for (const { name, bytes } of files) {
    try {
      const { kind, head, sentences } = await prove(bytes, trust, others);
      const signed = `The log ${head.origin} signed ${head.size} entries under the root ${toHex(head.root)}.`;
      const witnessed = head.witnesses.map((one) => `${one.name} witnessed that at ${one.at}.`);
      results.push({ name, proved: true, kind, sentences: [...sentences, signed, ...witnessed] });
      const at = `${head.origin}\n${head.size}`;
      if (roots.has(at) && roots.get(at) !== toHex(head.root)) {
        const message = `two signed checkpoints of ${head.origin} with ${head.size} entries have different roots`;
        results.push({ name: null, proved: false, error: "forked", message });
      }
      roots.set(at, toHex(head.root));
    } catch (error) {
      results.push({ name, proved: false, error: error instanceof VerificationFailed ? error.code : "bad_input", message: error.message });
    }
  }
  return results;
}
