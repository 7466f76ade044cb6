/** What single parts of the engine cost, measured with JMH: {@code benchmarks/README.md}. */
@NullMarked
package dev.tidemark.benchmarks.micro;

import org.jspecify.annotations.NullMarked;
