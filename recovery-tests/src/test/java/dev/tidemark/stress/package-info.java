/** Many threads, many processes and a real disk: what one thread on a simulated one cannot show. */
@org.jspecify.annotations.NullMarked
package dev.tidemark.stress;
