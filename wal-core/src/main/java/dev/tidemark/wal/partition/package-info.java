/** One log: append, flush, rotate, recover, read; and what all logs of a store share, as they see it. */
@NullMarked
package dev.tidemark.wal.partition;

import org.jspecify.annotations.NullMarked;
