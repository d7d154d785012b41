// SPDX-License-Identifier: Apache-2.0
// The verifier of `countenance verify` for browsers: certificates, releases, proofs and checkpoints in, what they prove
// out, or the same error codes. Nothing is asked of any server.

import {
  ENDS, HEADER, VerificationFailed, canonical, check, fail, fromBase64, fromHex, leafHash, leafOf, malformed,
  moment, parseCheckpoint, parseEntry, parseGrowth, parseNote, parseProof, sha256, text, toHex, utf8,
  verifyCheckpoint, verifyConsistency, verifyProof,
} from "./proofs.js";

// ---- documents

const MAX_DOCUMENT_BYTES = 16 * 2 ** 20;

const PARTS = "a document carries its signatures and its tlog_proof";

function readDocument(bytes) {
  const said = text(bytes, "a document", MAX_DOCUMENT_BYTES);
  let fields = null;
  let again = "";
  try {
    fields = JSON.parse(said);
    again = canonical(fields);
  } catch (error) {
    malformed(error instanceof VerificationFailed ? `not a JSON document: ${error.message}` : "not a JSON document");
  }
  if (fields === null || typeof fields !== "object" || Array.isArray(fields) || `${again}\n` !== said) malformed("not in canonical form");
  const { signatures, tlog_proof: proof, ...body } = fields;
  if (!Array.isArray(signatures) || typeof proof !== "string") malformed(PARTS);
  const read = signatures.map((one) => {
    if (typeof one?.sig !== "string" || one.key === undefined) malformed(PARTS);
    return { label: String(one.key), signature: fromBase64(one.sig) };
  });
  const parsed = parseProof(utf8(proof));
  if (parsed.extra !== null) malformed("the tlog_proof of a document has no extra line");
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
  if (!isObject(evidence) || (Object.keys(record).length > 0) !== (schema === RELEASES[1])) malformed(`not an export of a release`);
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
    fail("contradiction", "the text of the notice is not the one that was signed");
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
  if (proof.extra === null) malformed("this proof does not carry its entry (an extra line)");
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
