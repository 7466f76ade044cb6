/** What a {@code Partition} promises wherever it is: the same tests, run on the embedded one and through the network. */
@NullMarked
package dev.tidemark.contract;

import org.jspecify.annotations.NullMarked;
