/** A client of a Tidemark server: the API of the embedded log, over the network. */
@NullMarked
package dev.tidemark.client;

import org.jspecify.annotations.NullMarked;
