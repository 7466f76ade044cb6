/** TLS for both ends: which files it takes, and what they are loaded into. Uses nothing else of the client, so that the server can use it, too. */
@NullMarked
package dev.tidemark.client.tls;

import org.jspecify.annotations.NullMarked;
