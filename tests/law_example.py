# SPDX-License-Identifier: Apache-2.0
"""A law file of somebody else's, for tests."""

FR = """\
[pack]
id = "jp-test"
version = "2026.07.1"
effective_from = 2026-07-01
reviewed_on = 2026-07-31
reviewer = "unreviewed"
history = "none"
cites = ["Test Act"]
[applies]
residency = ["US-IL"]
capture_place = ["US-IL"]
client_place = ["US-IL"]
[notice]
fields = ["n1", "n2", "n7"]
[consent]
max_age_days = 900
[cites]
notice = "Test Act 1"
consent = "Test Act 2"
[[case]]
name = "a lawful request"
facts = { action = "enrol" }
expect = "permit"
[[case]]
name = "no complaint named"
facts = { action = "enrol", notice_lacks = "n7" }
expect = "deny"
rule = "consent.notice"
"""
