/** The harness is tested by engines from which one right thing was taken away: it has to notice each of them. */
@org.jspecify.annotations.NullMarked
package dev.tidemark.mutant;
