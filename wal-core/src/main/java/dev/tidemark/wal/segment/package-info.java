/** One segment file: its place, its open handle, its index, its scan. */
@NullMarked
package dev.tidemark.wal.segment;

import org.jspecify.annotations.NullMarked;
