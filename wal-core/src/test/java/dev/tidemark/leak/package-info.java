/** Buffers that tests lose. */
@NullMarked
package dev.tidemark.leak;

import org.jspecify.annotations.NullMarked;
