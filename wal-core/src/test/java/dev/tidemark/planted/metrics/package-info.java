/** Classes that break the rules of {@code LayerRule} on purpose. */
@NullMarked
package dev.tidemark.planted.metrics;

import org.jspecify.annotations.NullMarked;
