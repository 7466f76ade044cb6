/** The status page: what one looks at to see how the server is. */
@NullMarked
package dev.tidemark.server.status;

import org.jspecify.annotations.NullMarked;
