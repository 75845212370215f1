"""Matching as pure code: plain values in, proposals with reasons and confidence out. ``load`` and ``run`` touch the
database, everything else here can be read and tested without one."""
