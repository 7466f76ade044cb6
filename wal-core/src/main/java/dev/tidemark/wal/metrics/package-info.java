/** What is counted: the names, the meters resolved once, and the events for the JDK's flight recorder. */
@NullMarked
package dev.tidemark.wal.metrics;

import org.jspecify.annotations.NullMarked;
