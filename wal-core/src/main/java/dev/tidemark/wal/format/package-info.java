/** The bytes on disk: turns bytes into values and values into bytes; no I/O and no state. {@code docs/format.md} is the source of truth. */
@NullMarked
package dev.tidemark.wal.format;

import org.jspecify.annotations.NullMarked;
