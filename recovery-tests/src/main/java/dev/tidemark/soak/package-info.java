/** A store under all kinds of load for as long as one likes, watched all the time. */
@NullMarked
package dev.tidemark.soak;

import org.jspecify.annotations.NullMarked;
