/** The command line: one class per command, the root command in {@link dev.tidemark.cli.Main}. */
@NullMarked
package dev.tidemark.cli;

import org.jspecify.annotations.NullMarked;
