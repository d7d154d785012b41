# SPDX-License-Identifier: Apache-2.0
"""Proof: an append-only log and the documents that it proves, as pure logic over bytes.

    entry        what one leaf is: a salted commitment, an event tag, an hour
    merkle       RFC 6962: roots, inclusion and consistency proofs, appending in O(log n)
    note         C2SP signed-note: keys and signatures
    checkpoint   C2SP tlog-checkpoint and cosignatures: the signed head of a log, and whom to trust
    tiles        C2SP tlog-tiles: the log as files that any web server can publish
    proof        C2SP tlog-proof: one entry's proof as a text
    document     signed JSON documents that carry their own proof
    certificate  the certificate of destruction
    release      the export of a signed release
    verify       what a stranger runs; everything above it is called from there

Nothing here reads a file, a clock or a database. Verifiers raise a leaf of `errors.VerificationFailed`; none returns
False. docs/formats says every format byte by byte, so that someone else can write a second verifier.
"""
