/**
 * A bounds-checked codec for small files and off-heap memory for indexes, each in two implementations that give the same bytes: Chronicle
 * Bytes, and the plain JDK for where Chronicle cannot run. Nothing of Chronicle is visible outside of this package.
 */
@NullMarked
package dev.tidemark.wal.bytes;

import org.jspecify.annotations.NullMarked;
