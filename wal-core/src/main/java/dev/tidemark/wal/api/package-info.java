/** What callers see: interfaces, values, errors and configuration. Uses nothing else of ours. */
@NullMarked
package dev.tidemark.wal.api;

import org.jspecify.annotations.NullMarked;
