/** What all tests together reach of the engine. */
@org.jspecify.annotations.NullMarked
package dev.tidemark.coverage;
