/** The door: {@link dev.tidemark.wal.Wal} opens a store. What it hands out is in {@code dev.tidemark.wal.api}. */
@NullMarked
package dev.tidemark.wal;

import org.jspecify.annotations.NullMarked;
