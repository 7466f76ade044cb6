/** Rate, tails and costs of the whole engine as payload, producers, partitions, size and readers grow: {@code benchmarks/README.md}. */
@NullMarked
package dev.tidemark.benchmarks.scale;

import org.jspecify.annotations.NullMarked;
