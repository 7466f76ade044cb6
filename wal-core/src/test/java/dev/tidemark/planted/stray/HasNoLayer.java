package dev.tidemark.planted.stray;

final class HasNoLayer {}
