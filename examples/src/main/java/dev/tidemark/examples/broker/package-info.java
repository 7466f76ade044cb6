/** A small message broker that embeds the log: topics, consumer groups, and going on after a crash. */
@NullMarked
package dev.tidemark.examples.broker;

import org.jspecify.annotations.NullMarked;
