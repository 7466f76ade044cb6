/** Classes that break the rules of {@code LayerRule} on purpose. */
@NullMarked
package dev.tidemark.planted.partition;

import org.jspecify.annotations.NullMarked;
