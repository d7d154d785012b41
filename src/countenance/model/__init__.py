# SPDX-License-Identifier: Apache-2.0
"""The nouns: frozen data, closed vocabularies, legal transitions. Nothing here does I/O."""
