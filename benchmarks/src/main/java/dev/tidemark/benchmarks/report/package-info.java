/** Pages and plots of what was measured, from the JSON lines of the harnesses. */
@NullMarked
package dev.tidemark.benchmarks.report;

import org.jspecify.annotations.NullMarked;
