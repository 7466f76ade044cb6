/** Many logs: the store's own files, what its partitions share, and their life from opening to closing. */
@NullMarked
package dev.tidemark.wal.engine;

import org.jspecify.annotations.NullMarked;
